import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Failure } from "@glowworm/platform";
import { segmentOf } from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { openEmbeddedStore, StoreUnavailableError } from "@glowworm/server";
import { describe, expect, it } from "vitest";
import { flipFromEnd } from "../support/damage.ts";
import {
  crypto,
  HOUR_MS,
  type NewReport,
  NOON_HOUR,
  NOON_MS,
  packed,
  SEGMENT_MS,
  someReport,
  someReports,
  temporaryFolder,
} from "../support/fixtures.ts";
import { openLocalStore, SmallDisk } from "../support/local-store.ts";
import { everything, recordsOfHours, recordsOfSegments, timesFound } from "../support/published.ts";
import { StoreScene } from "../support/store-scene.ts";

const random = seededRandom("store folder");
const NOON_SEGMENT = segmentOf(NOON_MS / 1000);

/** A folder with three closed hours and two open ones, and what was put into each. */
async function filledFolder(): Promise<{
  folder: string;
  clock: FakeClock;
  reports: readonly (readonly NewReport[])[];
}> {
  const { scene, reports } = await StoreScene.filled(5, random);
  await scene.close();
  return { folder: scene.folder, clock: scene.clock, reports };
}

describe("a data folder", () => {
  it.each(["file", "file/folder"])("cannot be %s when that is a file", async (name) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    const opening = openLocalStore(join(folder, name), new SmallDisk(), new FakeClock(NOON_MS));
    await expect(opening).rejects.toMatchObject({ exit: "usage" });
  });

  it("holds the open hours as databases, and closed segments and hours as plain files", async () => {
    const { folder } = await filledFolder();
    const open = readdirSync(join(folder, "open")).sort();
    expect(open.filter((name) => name.endsWith(".sqlite"))).toEqual([
      `${NOON_HOUR + 3}.sqlite`,
      `${NOON_HOUR + 4}.sqlite`,
    ]);
    expect(open.filter((name) => name.endsWith(".segment"))).toEqual(
      Array.from({ length: 122 }, (_, index) => `${(NOON_HOUR + 3) * 120 + index}.segment`),
    );
    expect(open.length).toBe(124);
    expect(readdirSync(join(folder, "hours")).sort()).toEqual(
      [0, 1, 2].map((hour) => `${NOON_HOUR + hour}.hour`),
    );
  });

  it.each<[string, (path: string) => void]>([
    ["is cut short", (path) => truncateSync(path, 20_000)],
    ["is empty", (path) => truncateSync(path, 0)],
    ["has a byte too many", (path) => appendFileSync(path, "x")],
    ["has one bit changed in the hash of its manifest", (path) => flipFromEnd(path, 61)],
    ["claims to be another hour", (path) => flipFromEnd(path, 61 - 35)],
    ["claims four billion pages", (path) => flipFromEnd(path, 61 - 36, 0xff)],
  ])("sets aside a closed hour that %s, names it, and serves the rest", async (_, damage) => {
    const { folder, clock, reports } = await filledFolder();
    damage(join(folder, "hours", `${NOON_HOUR + 1}.hour`));
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    expect(store.damaged).toEqual([join(folder, "damaged", `${NOON_HOUR + 1}.hour.1`)]);
    expect(existsSync(store.damaged[0] ?? "")).toBe(true);
    const { hours } = await store.published();
    expect(hours.map(({ hour }) => hour)).toEqual([NOON_HOUR, NOON_HOUR + 2]);
    const records = await recordsOfHours(store);
    expect(timesFound(reports[0] ?? [], records)).toEqual(Array(20).fill(1));
    expect(timesFound(reports[2] ?? [], records)).toEqual(Array(20).fill(1));
    await store.close();
  });

  it.each<[string, (path: string) => void]>([
    ["is cut short", (path) => truncateSync(path, 6000)],
    ["is empty", (path) => truncateSync(path, 0)],
    ["is no database", (path) => writeFileSync(path, "x".repeat(9000))],
  ])(
    "sets aside an open hour that %s, and never serves its segments with other bytes",
    async (_, damage) => {
      const { folder, clock, reports } = await filledFolder();
      damage(join(folder, "open", `${NOON_HOUR + 4}.sqlite`));
      const store = await openLocalStore(folder, new SmallDisk(), clock);
      expect(store.damaged).toEqual([join(folder, "damaged", `${NOON_HOUR + 4}.sqlite.1`)]);
      await store.maintain();
      const late = someReports(random, 3);
      await store.put(packed(late));
      clock.advance(SEGMENT_MS + 60_000);
      await store.maintain();
      const now = NOON_SEGMENT + 4 * 120 + 2;
      expect(await store.segment(now - 1)).toBe("gone");
      expect(timesFound(late, await recordsOfSegments(store))).toEqual([1, 1, 1]);
      expect(timesFound(reports[3] ?? [], await recordsOfHours(store))).toEqual(Array(20).fill(1));
      await store.close();
    },
  );

  it("finishes a closing that was cut off before the open hour was removed", async () => {
    const scene = await StoreScene.open();
    const { folder, clock } = scene;
    await scene.put(someReports(random, 5));
    await scene.close();
    const open = join(folder, "open", `${NOON_HOUR}.sqlite`);
    cpSync(open, join(folder, "kept"));
    clock.advance(2 * HOUR_MS);
    const closing = await scene.reopen();
    await closing.maintain();
    const before = await everything(closing);
    await closing.close();
    cpSync(join(folder, "kept"), open);
    const again = await scene.reopen();
    expect(existsSync(open)).toBe(false);
    expect(await everything(again)).toEqual(before);
    await again.close();
  });

  it("forgets a file that a crash left half written", async () => {
    const { folder, clock } = await filledFolder();
    const leftovers = [`hours/${NOON_HOUR + 3}.hour.unfinished`, "open/7.sqlite.unfinished-wal"];
    for (const name of leftovers) writeFileSync(join(folder, name), "half");
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    expect(leftovers.filter((name) => existsSync(join(folder, name)))).toEqual([]);
    expect(store.damaged).toEqual([]);
    await store.close();
  });

  it("forgets what SQLite kept beside a database that is gone, and nothing beside one that is there", async () => {
    const { folder, clock, reports } = await filledFolder();
    const crashed = await openLocalStore(folder, new SmallDisk(), clock);
    await crashed.put(packed(reports[4] ?? []));
    const late = someReports(random, 3);
    await crashed.put(packed(late));
    const copy = temporaryFolder();
    cpSync(folder, copy, { recursive: true });
    await crashed.close();
    const open = `open/${NOON_HOUR + 4}.sqlite`;
    expect(statSync(join(copy, `${open}-wal`)).size).toBeGreaterThan(0);
    const orphans = [`open/${NOON_HOUR}.sqlite-wal`, `open/${NOON_HOUR}.sqlite-shm`];
    for (const name of orphans) writeFileSync(join(copy, name), "half");
    const store = await openLocalStore(copy, new SmallDisk(), clock);
    expect(orphans.filter((name) => existsSync(join(copy, name)))).toEqual([]);
    clock.advance(SEGMENT_MS);
    await store.maintain();
    expect(timesFound(late, await recordsOfSegments(store))).toEqual([1, 1, 1]);
    await store.close();
  });

  it("is refused to a second server while the first one runs", async () => {
    const folder = temporaryFolder();
    const options = { folder, retentionDays: 30, clock: new FakeClock(NOON_MS), random, crypto };
    const first = await openEmbeddedStore(options);
    await expect(openEmbeddedStore(options)).rejects.toMatchObject({ exit: "failure" });
    await first.close();
    const second = await openEmbeddedStore(options);
    await second.close();
  });

  it("is refused when the clock is days behind what it has published", async () => {
    const { folder } = await filledFolder();
    const clock = new FakeClock(NOON_MS - 3 * 24 * HOUR_MS);
    const opening = openLocalStore(folder, new SmallDisk(), clock);
    await expect(opening).rejects.toBeInstanceOf(Failure);
    await expect(opening).rejects.toMatchObject({ exit: "clockWrong" });
  });

  it("holds no byte of a report past retention, not even in damaged files", async () => {
    const folder = temporaryFolder();
    const clock = new FakeClock(NOON_MS);
    const options = { folder, retentionDays: 1, clock, random, crypto };
    const planted = new TextEncoder().encode("planted-pattern!");
    const { envelope } = someReport(random);
    let store = await openEmbeddedStore(options);
    await store.maintain();
    await store.put(packed([{ getId: planted, envelope }]));
    clock.advance(HOUR_MS);
    await store.maintain();
    await store.put(packed([{ getId: planted, envelope: someReport(random).envelope }]));
    clock.advance(HOUR_MS);
    await store.maintain();
    // The closed hour, the segment of the open one, and its database, which holds what a small segment has.
    expect(filesHolding(folder, planted).length).toBe(3);
    await store.close();
    flipFromEnd(join(folder, "hours", `${NOON_HOUR}.hour`), 10);
    store = await openEmbeddedStore(options);
    expect(filesHolding(folder, planted).some((path) => path.includes("damaged"))).toBe(true);
    for (let hour = 0; hour < 26; hour++) {
      clock.advance(HOUR_MS);
      await store.maintain();
    }
    expect(filesHolding(folder, planted)).toEqual([]);
    await store.close();
  });
});

describe("a closed hour that cannot be written", () => {
  it("is written by the next try, and its segments are served until then", async () => {
    const scene = await StoreScene.open();
    const { folder, clock, store } = scene;
    const reports = await scene.put(someReports(random, 5));
    await scene.pass(HOUR_MS);
    const before = await everything(store);
    const inTheWay = join(folder, "hours", `${NOON_HOUR}.hour.unfinished`);
    mkdirSync(inTheWay);
    clock.advance(120_000);
    await expect(store.maintain()).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(await everything(store)).toMatchObject(before);
    rmdirSync(inTheWay);
    await store.maintain();
    expect(timesFound(reports, await recordsOfHours(store))).toEqual([1, 1, 1, 1, 1]);
    await store.close();
  });
});

function filesHolding(folder: string, pattern: Uint8Array): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(Buffer.from(pattern)));
}
