import { PATHS } from "@glowworm/protocol";
import { describe, expect, it } from "vitest";
import { NOON } from "../support/reports.ts";
import { HOUR, pagesIn, Scene } from "../support/search.ts";

const SEGMENT = NOON / 30;
const HOURS = [HOUR - 3, HOUR - 2, HOUR - 1];
const PAGES = 65;

/** A lookup of a server that begins to answer for a path and never ends; it is interrupted once `count` such answers hang. */
function hangAt(scene: Scene, paths: readonly string[], count = paths.length): void {
  let hanging = 0;
  for (const path of paths) {
    scene.server.lies.set(path, () => {
      hanging += 1;
      if (hanging === count) setImmediate(() => scene.stop.abort());
      return new Response(new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(1)) }));
    });
  }
}

/** A device that was heard in every one of three closed hours. */
function heardInAll(seed: string): Scene {
  const scene = new Scene(seed);
  for (const hour of HOURS) scene.server.closeHour(hour, scene.heardIn(2, hour));
  return scene;
}

describe("an interrupted lookup", () => {
  it.each([
    ["the list of hours", PATHS.hours, "list of hours", false],
    ["an open segment", PATHS.segment(SEGMENT), `segment ${SEGMENT}`, true],
    ["a manifest", PATHS.manifest(HOUR), `hour ${HOUR}`, true],
    ["a page", PATHS.page(HOUR, 0), `hour ${HOUR}`, true],
  ])(
    "of a server that never ends %s answers from this disk",
    async (_what, path, what, isThere) => {
      const scene = heardInAll("disk");
      await scene.find();
      scene.server.open(SEGMENT, SEGMENT, []);
      scene.server.closeHour(HOUR, []);
      hangAt(scene, [path]);
      const { isInterrupted, reports, lookup, place } = await scene.find();
      expect(isInterrupted).toBe(true);
      expect(reports).toHaveLength(6);
      expect(place).toMatchObject({ relays: 1 });
      expect(lookup).toMatchObject({ isServerReached: isThere, closedHours: 3 });
      expect(lookup.problems).toContainEqual({ what, code: "interrupted", detail: "interrupted" });
      for (const { code } of lookup.problems) expect(code).toBe("interrupted");
    },
  );

  it("has found what is on this disk before it asks for anything", async () => {
    const scene = heardInAll("before");
    await scene.find();
    let hits: number | undefined;
    scene.server.lies.set(PATHS.hours, () => {
      hits = scene.progress.at(-1)?.hits;
      return Response.json(scene.server.list);
    });
    scene.progress.length = 0;
    await scene.find();
    expect(hits).toBe(6);
  });

  it("answers from what was read until then, and names each hour that was not", async () => {
    const scene = new Scene("until then");
    const older = Array.from({ length: 9 }, (_, index) => HOUR - 10 + index);
    for (const hour of older) scene.server.closeHour(hour, scene.heardIn(1, hour));
    scene.server.closeHour(HOUR - 1, scene.heardIn(3));
    // Six at a time: the sixth of the older ones is asked for when the newest is there.
    hangAt(scene, older.map(PATHS.manifest), 6);
    const { reports, lookup } = await scene.find();
    expect(reports).toHaveLength(3);
    expect(lookup).toMatchObject({ isServerReached: true, closedHours: 1 });
    expect(lookup.problems.map(({ what }) => what).toSorted()).toEqual(
      older.map((hour) => `hour ${hour}`).toSorted(),
    );
    expect(scene.server.requests).toHaveLength(1 + 2 + 6);
    expect((await scene.find()).reports).toHaveLength(3);
  });

  it("names hours whose pages with hits are missing", async () => {
    const scene = new Scene("pages");
    scene.server.closeHour(HOUR - 2, scene.heardIn(1, HOUR - 2));
    scene.server.closeHour(HOUR - 1, scene.heardIn(1), { pages: PAGES });
    const pages = Array.from({ length: PAGES }, (_, index) => PATHS.page(HOUR - 1, index));
    hangAt(scene, pages, 1);
    const { reports, lookup } = await scene.find();
    expect(reports).toHaveLength(1);
    expect(pagesIn(scene.asked()).length).toBeGreaterThan(0);
    expect(lookup.problems).toEqual([
      { what: `hour ${HOUR - 1}`, code: "interrupted", detail: "interrupted" },
    ]);
  });

  it("asks nothing, searches for the days whose ids are there, and names the others", async () => {
    const scene = heardInAll("keys");
    await scene.find();
    scene.asked();
    const later = new Scene("keys");
    Object.assign(later, { cacheFolder: scene.cacheFolder, device: scene.device });
    later.clock.advance(10 * 86_400_000);
    later.stop.abort();
    const { isInterrupted, reports, lookup, window } = await later.find();
    expect(isInterrupted).toBe(true);
    expect(reports).toHaveLength(6);
    expect(later.asked()).toEqual([]);
    expect(lookup.problems.slice(0, 1)).toEqual([
      { what: "days 2026-11-23 to 2026-12-02", code: "interrupted", detail: "interrupted" },
    ]);
    expect(window).toMatchObject({ isWide: false });
  });
});
