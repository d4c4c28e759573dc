import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { glowworm } from "../support/glowworm.ts";
import { ownerWithReports } from "../support/owner.ts";

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "glowworm-cli-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe("glowworm history", () => {
  it("prints every place for a person, for programs and for maps", async () => {
    await ownerWithReports(home, 3);
    const text = await glowworm(home, ["history", "laptop"]);
    expect(text).toMatchObject({ code: 0, talk: "" });
    expect(text.out).toMatch(
      /^\S+Z {2}52\.52\d*, 13\.40\d* {2}within \d+ m {2}3 relays agree; on time\n$/,
    );
    const json = JSON.parse((await glowworm(home, ["history", "laptop", "--json"])).out);
    expect(json).toMatchObject({ v: 1, device: "Laptop", places: [{ lat: 52.52, lon: 13.405 }] });
    const map = JSON.parse(
      (await glowworm(home, ["history", "laptop", "--format", "geojson"])).out,
    );
    expect(map.features[0].geometry).toEqual({ type: "Point", coordinates: [13.405, 52.52] });
  });

  it("explains why there may be nothing", async () => {
    await ownerWithReports(home, 0);
    const { code, out, talk } = await glowworm(home, ["history", "laptop"]);
    expect({ code, out }).toEqual({ code: 4, out: "" });
    expect(talk).toContain("Likely reasons");
  });
});
