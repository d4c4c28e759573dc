import { describe, expect, it } from "vitest";
import { environmentLayer, fileLayer, flagLayer } from "../../src/settings/layers.ts";

const KINDS = {
  days: { kind: "number", example: 7 },
  "store.points": { kind: "list", example: ["a:1"] },
  "store.kind": { kind: "text", example: "embedded" },
} as const;

describe("the layers of settings", () => {
  it("read lists from variables and flags, with commas between the parts", () => {
    const [variable] = environmentLayer(KINDS, { GLOWWORM_STORE_POINTS: "a:1, b:2" }).written;
    expect(variable).toMatchObject({ key: "store.points", value: ["a:1", "b:2"] });
    const [flag] = flagLayer(KINDS, { "store-points": "a:1" }).written;
    expect(flag).toMatchObject({ key: "store.points", value: ["a:1"], origin: "--store-points" });
    expect(flagLayer(KINDS, { "store-points": "" }).written[0]?.value).toEqual([]);
  });

  it("read numbers, and leave what is none as it was written", () => {
    const read = (text: string): unknown =>
      environmentLayer(KINDS, { GLOWWORM_DAYS: text }).written[0]?.value;
    expect(["7", "-1.5", "7 days", "", "0x10", "1e3"].map(read)).toEqual([
      ...[7, -1.5],
      ...["7 days", "", "0x10", "1e3"],
    ]);
  });

  it("read the tables of a file as keys with dots, and name what is unknown", () => {
    const text = `days = 7\n[store]\nkind = "embedded"\npoints = ["a:1"]\npoint = 1\n[stor]\nx = 1\n`;
    const { written, mistakes } = fileLayer(KINDS, "f.toml", text);
    expect(written.map(({ key, value }) => [key, value])).toEqual([
      ["days", 7],
      ["store.kind", "embedded"],
      ["store.points", ["a:1"]],
    ]);
    expect(mistakes.map(({ place }) => place)).toEqual(["f.toml: store.point", "f.toml: stor"]);
    expect(mistakes[0]?.remedy).toContain("did you mean store.points?");
  });

  it("say how a setting of a table is written where the table has the value", () => {
    const { written, mistakes } = fileLayer(KINDS, "f.toml", `store = "embedded"`);
    expect(written).toEqual([]);
    expect(mistakes).toEqual([
      {
        place: "f.toml: store",
        message: "is a table of settings, not a setting",
        remedy: `for example store.points = ["a:1"]`,
      },
    ]);
  });
});
