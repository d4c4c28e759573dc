import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  buildFilter,
  concat,
  loadCrypto,
  PAGE_BYTES,
  PATHS,
  type StoredRecord,
} from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { CacheTrouble } from "../../src/cache-trouble.ts";
import { lastPossibleDay } from "../../src/candidates/candidates.ts";
import { HitPages } from "../../src/lookup/hit-pages.ts";
import { bytes, problem, SERVER_URL } from "../support/fake-server.ts";
import { temporaryFolder } from "../support/folders.ts";
import { NOON } from "../support/reports.ts";
import { Scene } from "../support/search.ts";

const crypto = await loadCrypto();
const HOUR = NOON / 3600;
const DAY = 86_400;

/** Somebody who was heard in the hour before noon, by one relay in each of the first `epochs`. */
function heardIn(scene: Scene, epochs: number, hour = HOUR - 1): StoredRecord[] {
  return Array.from({ length: epochs }, (_, epoch) =>
    scene.record({ seenAt: hour * 3600 + epoch * 300 + 10 }),
  );
}

/** What was asked, as paths, in its order. */
function asked({ server }: Scene): string[] {
  const paths = server.requests.map((line) => line.split(" ")[1]?.slice(SERVER_URL.length) ?? "");
  server.requests.length = 0;
  return paths;
}

function pagesAsked(paths: readonly string[], hour = HOUR - 1): string[] {
  return paths.filter((path) => path.startsWith(`/v1/hours/${hour}/pages/`));
}

/** Somebody else who reads the same server. */
function neighbourOf(scene: Scene): Scene {
  const neighbour = new Scene("neighbour");
  Object.defineProperty(neighbour, "server", { value: scene.server });
  return neighbour;
}

describe("an hour of more than 64 pages", () => {
  it("is read by its filter: only pages with hits are fetched", async () => {
    const scene = new Scene("hits");
    scene.server.closeHour(HOUR - 1, heardIn(scene, 4), { pages: 65 });
    const { place, reports, lookup } = await scene.find();
    expect(place).not.toBeNull();
    expect(reports).toHaveLength(4);
    expect(lookup).toMatchObject({ closedHours: 1, problems: [] });
    const paths = asked(scene);
    expect(paths.slice(0, 3)).toEqual([
      PATHS.hours,
      PATHS.manifest(HOUR - 1),
      PATHS.filter(HOUR - 1),
    ]);
    expect(pagesAsked(paths)).toHaveLength(paths.length - 3);
    expect(paths.length - 3).toBeLessThanOrEqual(4);
    expect(scene.progress.at(-1)?.stage).toBe("hits");
  });

  it("is told from one of 64 pages, which is read whole", async () => {
    const scene = new Scene("whole");
    scene.server.closeHour(HOUR - 1, heardIn(scene, 1), { pages: 64 });
    await scene.find();
    const paths = asked(scene);
    expect(pagesAsked(paths)).toHaveLength(64);
    expect(paths).not.toContain(PATHS.filter(HOUR - 1));
  });

  it("is read whole when it was closed without a filter", async () => {
    const scene = new Scene("no filter");
    const filter = (): Uint8Array => new Uint8Array();
    scene.server.closeHour(HOUR - 1, heardIn(scene, 2), { pages: 65, filter });
    const { reports, lookup } = await scene.find();
    expect(reports).toHaveLength(2);
    expect(lookup.problems).toEqual([]);
    expect(pagesAsked(asked(scene))).toHaveLength(65);
  });

  it("costs nobody a page who has no hit, and no pause", async () => {
    const scene = new Scene("miss", NOON + 398 * DAY);
    scene.server.closeHour(HOUR - 1, [], { pages: 65 });
    await scene.find();
    expect(asked(scene)).toEqual([PATHS.hours, PATHS.manifest(HOUR - 1), PATHS.filter(HOUR - 1)]);
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
    expect(pagesAsked(asked(scene)).length).toBeGreaterThan(2);
  }, 20_000);

  it("is searched again, on this disk first, when the beacon's clock may have leapt", async () => {
    const scene = new Scene("leapt", NOON + 398 * DAY);
    const leapt = scene.record({ seenAt: NOON - 3000, beaconTime: NOON - 3000 + 399 * DAY });
    scene.server.closeHour(HOUR - 1, [leapt], { pages: 65 });
    const { reports, window } = await scene.find();
    expect(window.lastDay).toBe(lastPossibleDay(NOON));
    expect(reports).toHaveLength(1);
    const paths = asked(scene);
    expect(paths.filter((path) => !path.includes("/pages/"))).toHaveLength(3);
    expect(pagesAsked(paths)).toHaveLength(1);
  }, 20_000);
});

describe("what owners ask of one server", () => {
  it("is the same but for hit pages of hours above 64, in random order after a pause", async () => {
    const scene = new Scene("somebody");
    const neighbour = neighbourOf(scene);
    const { server } = scene;
    server.closeHour(HOUR - 4, heardIn(scene, 3, HOUR - 4), { pages: 2 });
    for (const hour of [HOUR - 3, HOUR - 2]) {
      const reports = [...heardIn(scene, 5, hour), ...heardIn(neighbour, 1, hour)];
      server.closeHour(hour, reports, { pages: 65 });
    }
    server.open(NOON / 30 - 2, NOON / 30 - 1, heardIn(scene, 1, HOUR));
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
    const reports = [...heardIn(scene, 4), ...heardIn(other, 1)];
    scene.server.closeHour(HOUR - 1, reports, { pages: 65 });
    const first = await scene.find();
    asked(scene);
    const again = await scene.find();
    expect(asked(scene)).toEqual([PATHS.hours]);
    expect(again.reports).toEqual(first.reports);
    expect((await other.find()).reports).toHaveLength(1);
    expect(asked(scene)).toEqual([PATHS.hours, expect.stringContaining("/pages/")]);
  });

  it("leaves nothing on the disk that says which pages it was", async () => {
    const scene = new Scene("thief");
    scene.server.closeHour(HOUR - 1, heardIn(scene, 1), { pages: 65 });
    await scene.find();
    const [path = ""] = pagesAsked(asked(scene));
    const page = scene.server.body(path);
    const file = readFileSync(join(scene.cacheFolder, "candidates", "1.pages"));
    expect(file.length).toBeGreaterThan(PAGE_BYTES);
    for (let at = 0; at < page.length; at += 133) {
      expect(file.includes(Buffer.from(page.subarray(at, at + 16)))).toBe(false);
    }
  });
});

describe("a hostile server with a filter", () => {
  const filterPath = PATHS.filter(HOUR - 1);
  function sceneWith(over: { readonly filter?: () => Uint8Array } = {}): Scene {
    const scene = new Scene("hostile");
    scene.server.closeHour(HOUR - 2, heardIn(scene, 1, HOUR - 2));
    scene.server.closeHour(HOUR - 1, heardIn(scene, 1), { pages: 65, ...over });
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
    expect(pagesAsked(asked(scene))).toEqual([]);
  });

  it("whose manifest names bytes that are no filter is refused", async () => {
    const { lookup } = await sceneWith({ filter: () => new Uint8Array(99).fill(7) }).find();
    expect(lookup.problems).toMatchObject([{ what: `hour ${HOUR - 1}`, code: "malformed" }]);
  });

  it("of a few ids, to see who asks for one of them, is asked for none", async () => {
    const scene = new Scene("trap");
    const [bait] = heardIn(scene, 1);
    if (bait === undefined) throw new Error("expected a report");
    const filter = (): Uint8Array => buildFilter(bait.getId, seededRandom("trap"));
    scene.server.closeHour(HOUR - 1, [bait], { pages: 65, filter });
    const { lookup } = await scene.find();
    expect(lookup.problems).toMatchObject([{ what: `hour ${HOUR - 1}`, code: "malformed" }]);
    expect(pagesAsked(asked(scene))).toEqual([]);
  });

  it("that is larger than its hour may have is asked for nothing", async () => {
    const filter = (): Uint8Array =>
      buildFilter(seededRandom("large").bytes(2 * 65 * 256 * 16), seededRandom("seed"));
    const { lookup } = await sceneWith({ filter }).find();
    expect(lookup.problems).toMatchObject([{ what: `hour ${HOUR - 1}`, code: "too-large" }]);
  });

  it("that leaves ids of pages out of a filter is found out by the first page", async () => {
    const scene = new Scene("trap");
    const [bait] = heardIn(scene, 1);
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
    const [path = ""] = pagesAsked(asked(scene));
    scene.cacheFolder = temporaryFolder();
    scene.server.lies.set(path, () => bytes(new Uint8Array(PAGE_BYTES)));
    const { lookup } = await scene.find();
    expect(lookup.problems).toMatchObject([{ what: `hour ${HOUR - 1}`, code: "malformed" }]);
    asked(scene);
    scene.server.lies.clear();
    expect((await scene.find()).reports).toHaveLength(2);
    expect(asked(scene)).toEqual([PATHS.hours, path]);
  });
});

describe("kept pages", () => {
  const random = seededRandom("kept pages");
  const page = random.bytes(PAGE_BYTES);
  const hash = random.bytes(32);
  function keep(path: string, firstHour = 0, deviceKey = new Uint8Array(32)): HitPages {
    const trouble = new CacheTrouble();
    const window = { first: firstHour, last: firstHour + 1465 };
    return new HitPages({ crypto, random, trouble, deviceKey, path }, window);
  }

  it("are there again for the same device, and for no other", () => {
    const path = join(temporaryFolder(), "1.pages");
    keep(path).add(5, hash, page);
    const again = keep(path);
    expect(again.has(hash)).toBe(true);
    expect([...again.records()]).toEqual([page]);
    expect(keep(path, 0, new Uint8Array(32).fill(1)).has(hash)).toBe(false);
  });

  it("go two months before the newest, and leave no bytes behind", () => {
    const path = join(temporaryFolder(), "1.pages");
    const pages = keep(path);
    pages.add(5, hash, page);
    pages.add(1446, random.bytes(32), page);
    expect(keep(path, 2000).has(hash)).toBe(false);
    expect(readFileSync(path).length).toBeLessThan(2 * PAGE_BYTES);
  });

  it("stay when the clock is ahead, whatever hours of the future there are", () => {
    const path = join(temporaryFolder(), "1.pages");
    const pages = keep(path);
    pages.add(5, hash, page);
    pages.add(4_000_000_000, random.bytes(32), page);
    expect(keep(path, 2000).has(hash)).toBe(true);
    expect(readFileSync(path).length).toBeGreaterThan(2 * PAGE_BYTES);
  });

  it("survive a torn end, which is cut off", () => {
    const path = join(temporaryFolder(), "1.pages");
    keep(path).add(5, hash, page);
    const whole = readFileSync(path);
    keep(path).add(6, random.bytes(32), page);
    const torn = readFileSync(path).subarray(0, whole.length + 1000);
    writeFileSync(path, torn);
    const pages = keep(path);
    pages.add(7, random.bytes(32), page);
    expect([...keep(path).records()]).toHaveLength(2);
  });
});
