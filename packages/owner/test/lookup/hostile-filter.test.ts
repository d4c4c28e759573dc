import { buildFilter, concat, PAGE_BYTES, PATHS } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { bytes, problem } from "../support/fake-server.ts";
import { temporaryFolder } from "../support/folders.ts";
import { HOUR, pagesIn, Scene } from "../support/search.ts";

describe("a hostile server with a filter", () => {
  const filterPath = PATHS.filter(HOUR - 1);
  function sceneWith(over: { readonly filter?: () => Uint8Array } = {}): Scene {
    const scene = new Scene("hostile");
    scene.server.closeHour(HOUR - 2, scene.heardIn(1, HOUR - 2));
    scene.server.closeHour(HOUR - 1, scene.heardIn(1), { pages: 65, ...over });
    return scene;
  }

  it.each([
    [
      "another one than the manifest's",
      (own: Uint8Array) => bytes(own.map((byte, at) => (at === own.length - 1 ? byte ^ 1 : byte))),
      "malformed",
    ],
    ["one cut short", (own: Uint8Array) => bytes(own.subarray(1)), "malformed"],
    ["none", () => problem(404), "status"],
    ["an endless one", () => bytes(new Uint8Array(65 * 256 * 6 + 1)), "too-large"],
  ])("that sends %s costs that hour alone", async (_what, lie, code) => {
    const scene = sceneWith();
    const own = scene.server.body(filterPath);
    scene.server.lies.set(filterPath, () => lie(own));
    const { lookup, reports } = await scene.find();
    expect(lookup.problems).toMatchObject([{ what: `hour ${HOUR - 1}`, code }]);
    expect(lookup.closedHours).toBe(1);
    expect(reports).toHaveLength(1);
    expect(pagesIn(scene.asked())).toEqual([]);
  });

  it("whose manifest names bytes that are no filter is refused", async () => {
    const { lookup } = await sceneWith({ filter: () => new Uint8Array(99).fill(7) }).find();
    expect(lookup.problems).toMatchObject([{ what: `hour ${HOUR - 1}`, code: "malformed" }]);
  });

  it("of a few ids, to see who asks for one of them, is asked for none", async () => {
    const scene = new Scene("trap");
    const [bait] = scene.heardIn(1);
    if (bait === undefined) throw new Error("expected a report");
    const filter = (): Uint8Array => buildFilter(bait.getId, seededRandom("trap"));
    scene.server.closeHour(HOUR - 1, [bait], { pages: 65, filter });
    const { lookup } = await scene.find();
    expect(lookup.problems).toMatchObject([{ what: `hour ${HOUR - 1}`, code: "malformed" }]);
    expect(pagesIn(scene.asked())).toEqual([]);
  });

  it("that is larger than its hour may have is asked for nothing", async () => {
    const filter = (): Uint8Array =>
      buildFilter(seededRandom("large").bytes(2 * 65 * 256 * 16), seededRandom("seed"));
    const { lookup } = await sceneWith({ filter }).find();
    expect(lookup.problems).toMatchObject([{ what: `hour ${HOUR - 1}`, code: "too-large" }]);
  });

  it("that leaves ids of pages out of a filter is found out by the first page", async () => {
    const scene = new Scene("trap");
    const [bait] = scene.heardIn(1);
    if (bait === undefined) throw new Error("expected a report");
    const filter = (pages: readonly Uint8Array[]): Uint8Array => {
      const bounds = pages.flatMap((page) => [page.slice(0, 16), page.slice(-133, -117)]);
      return buildFilter(concat(bait.getId, ...bounds), seededRandom("trap"));
    };
    scene.server.closeHour(HOUR - 1, [bait], { pages: 65, filter });
    const { lookup, reports } = await scene.find();
    expect(reports).toHaveLength(1);
    expect(lookup.problems).toMatchObject([
      { what: `hour ${HOUR - 1}`, code: "malformed", detail: expect.stringContaining("filter") },
    ]);
  });

  it("that sends another page than the manifest's is asked again later", async () => {
    const scene = sceneWith();
    await scene.find();
    const [path = ""] = pagesIn(scene.asked());
    scene.cacheFolder = temporaryFolder();
    scene.server.lies.set(path, () => bytes(new Uint8Array(PAGE_BYTES)));
    const { lookup } = await scene.find();
    expect(lookup.problems).toMatchObject([{ what: `hour ${HOUR - 1}`, code: "malformed" }]);
    scene.asked();
    scene.server.lies.clear();
    expect((await scene.find()).reports).toHaveLength(2);
    expect(scene.asked()).toEqual([PATHS.hours, path]);
  });
});
