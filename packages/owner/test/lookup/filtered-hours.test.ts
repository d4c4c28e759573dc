import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PAGE_BYTES, PATHS } from "@glowworm/protocol";
import { describe, expect, it } from "vitest";
import { lastPossibleDay } from "../../src/candidates/candidates.ts";
import { NOON } from "../support/reports.ts";
import { HOUR, pagesIn, Scene } from "../support/search.ts";

const DAY = 86_400;

/** Somebody else who reads the same server. */
function neighbourOf(scene: Scene): Scene {
  const neighbour = new Scene("neighbour");
  Object.defineProperty(neighbour, "server", { value: scene.server });
  return neighbour;
}

describe("an hour of more than 64 pages", () => {
  it("is read by its filter: only pages with hits are fetched", async () => {
    const scene = new Scene("hits");
    scene.server.closeHour(HOUR - 1, scene.heardIn(4), { pages: 65 });
    const { place, reports, lookup } = await scene.find();
    expect(place).not.toBeNull();
    expect(reports).toHaveLength(4);
    expect(lookup).toMatchObject({ closedHours: 1, problems: [] });
    const paths = scene.asked();
    expect(paths.slice(0, 3)).toEqual([
      PATHS.hours,
      PATHS.manifest(HOUR - 1),
      PATHS.filter(HOUR - 1),
    ]);
    expect(pagesIn(paths)).toHaveLength(paths.length - 3);
    expect(paths.length - 3).toBeLessThanOrEqual(4);
    expect(scene.progress.at(-1)?.stage).toBe("hits");
  });

  it("is told from one of 64 pages, which is read whole", async () => {
    const scene = new Scene("whole");
    scene.server.closeHour(HOUR - 1, scene.heardIn(1), { pages: 64 });
    await scene.find();
    const paths = scene.asked();
    expect(pagesIn(paths)).toHaveLength(64);
    expect(paths).not.toContain(PATHS.filter(HOUR - 1));
  });

  it("is read whole when it was closed without a filter", async () => {
    const scene = new Scene("no filter");
    const filter = (): Uint8Array => new Uint8Array();
    scene.server.closeHour(HOUR - 1, scene.heardIn(2), { pages: 65, filter });
    const { reports, lookup } = await scene.find();
    expect(reports).toHaveLength(2);
    expect(lookup.problems).toEqual([]);
    expect(pagesIn(scene.asked())).toHaveLength(65);
  });

  it("costs nobody a page who has no hit, and no pause", async () => {
    const scene = new Scene("miss", NOON + 398 * DAY);
    scene.server.closeHour(HOUR - 1, [], { pages: 65 });
    await scene.find();
    expect(scene.asked()).toEqual([PATHS.hours, PATHS.manifest(HOUR - 1), PATHS.filter(HOUR - 1)]);
    expect(scene.clock.pauses).toEqual([]);
  });

  it("gives every page over which one id runs", async () => {
    const scene = new Scene("crowd");
    const crowd = Array.from({ length: 600 }, (_, relay) =>
      scene.record({ seenAt: NOON - 3000 + (relay % 60), relay }),
    );
    scene.server.closeHour(HOUR - 1, crowd, { pages: 65 });
    const { reports, refused } = await scene.find();
    expect(reports.length + refused.copies).toBe(600);
    expect(pagesIn(scene.asked()).length).toBeGreaterThan(2);
  }, 20_000);

  it("is searched again, on this disk first, when the beacon's clock may have leapt", async () => {
    const scene = new Scene("leapt", NOON + 398 * DAY);
    const leapt = scene.record({ seenAt: NOON - 3000, beaconTime: NOON - 3000 + 399 * DAY });
    scene.server.closeHour(HOUR - 1, [leapt], { pages: 65 });
    const { reports, window } = await scene.find();
    expect(window.lastDay).toBe(lastPossibleDay(NOON));
    expect(reports).toHaveLength(1);
    const paths = scene.asked();
    expect(paths.filter((path) => !path.includes("/pages/"))).toHaveLength(3);
    expect(pagesIn(paths)).toHaveLength(1);
  }, 20_000);
});

describe("what owners ask of one server", () => {
  it("is the same but for hit pages of hours above 64, in random order after a pause", async () => {
    const scene = new Scene("somebody");
    const neighbour = neighbourOf(scene);
    const { server } = scene;
    server.closeHour(HOUR - 4, scene.heardIn(3, HOUR - 4), { pages: 2 });
    for (const hour of [HOUR - 3, HOUR - 2]) {
      const reports = [...scene.heardIn(5, hour), ...neighbour.heardIn(1, hour)];
      server.closeHour(hour, reports, { pages: 65 });
    }
    server.open(NOON / 30 - 2, NOON / 30 - 1, scene.heardIn(1, HOUR));
    await scene.find();
    const mine = [...server.requests];
    server.requests.length = 0;
    await neighbour.find();
    const theirs = [...server.requests];
    const isHit = (line: string): boolean => /\/hours\/\d+\/pages/.test(line) && !isSmall(line);
    const isSmall = (line: string): boolean => line.includes(`/hours/${HOUR - 4}/`);
    expect(mine.filter((line) => !isHit(line))).toEqual(theirs.filter((line) => !isHit(line)));
    const [myHits, theirHits] = [mine.filter(isHit), theirs.filter(isHit)];
    expect(myHits.length).toBeGreaterThan(theirHits.length);
    expect(mine.slice(-myHits.length)).toEqual(myHits);
    const hours = myHits.map((line) => /hours\/(\d+)/.exec(line)?.[1]);
    expect(hours).not.toEqual(hours.toSorted());
    expect(hours).not.toEqual(hours.toSorted().reverse());
    expect(scene.clock.pauses).toHaveLength(1);
    expect(scene.clock.pauses[0]).toBeGreaterThan(0);
  });

  it("asks nothing twice, whichever of an owner's devices it looks for", async () => {
    const scene = new Scene("two devices");
    const other = neighbourOf(scene);
    Object.defineProperty(other, "cacheFolder", { value: scene.cacheFolder });
    Object.defineProperty(other, "device", { value: { ...other.device, number: 2 } });
    const reports = [...scene.heardIn(4), ...other.heardIn(1)];
    scene.server.closeHour(HOUR - 1, reports, { pages: 65 });
    const first = await scene.find();
    scene.asked();
    const again = await scene.find();
    expect(scene.asked()).toEqual([PATHS.hours]);
    expect(again.reports).toEqual(first.reports);
    expect((await other.find()).reports).toHaveLength(1);
    expect(scene.asked()).toEqual([PATHS.hours, expect.stringContaining("/pages/")]);
  });

  it("leaves nothing on the disk that says which pages it was", async () => {
    const scene = new Scene("thief");
    scene.server.closeHour(HOUR - 1, scene.heardIn(1), { pages: 65 });
    await scene.find();
    const [path = ""] = pagesIn(scene.asked());
    const page = scene.server.body(path);
    const file = readFileSync(join(scene.cacheFolder, "candidates", "1.pages"));
    expect(file.length).toBeGreaterThan(PAGE_BYTES);
    for (let at = 0; at < page.length; at += 133) {
      expect(file.includes(Buffer.from(page.subarray(at, at + 16)))).toBe(false);
    }
  });
});
