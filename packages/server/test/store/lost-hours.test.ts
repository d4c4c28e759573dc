import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import {
  type EmbeddedStore,
  openForTool,
  StoreUnavailableError,
  type ToolWorld,
  verifyStore,
} from "@glowworm/server";
import { describe, expect, it } from "vitest";
import { flip } from "../support/damage.ts";
import {
  crypto,
  HOUR_MS,
  NOON_HOUR,
  NOON_MS,
  packed,
  SEGMENT_MS,
  someReports,
  temporaryFolder,
} from "../support/fixtures.ts";
import { openLocalStore, SmallDisk } from "../support/local-store.ts";
import { recordsOfHours, recordsOfSegments, timesFound } from "../support/published.ts";

const random = seededRandom("lost hours");
const world: ToolWorld = { crypto, openForReading: openForTool, pause: async () => {} };
const SEGMENT = NOON_HOUR * 120;
const PART_BYTES = 492 * 133;
/** Four parts. */
const REPORTS = 1600;
const HOUR_IS_CLOSED_MS = HOUR_MS + 120_000;
const OPEN = `${NOON_HOUR}.sqlite`;

interface Filled {
  readonly folder: string;
  readonly clock: FakeClock;
  readonly store: EmbeddedStore;
  /** File of the first segment, which has four parts; the two after it are small. */
  readonly path: string;
}

async function filled(): Promise<Filled> {
  const folder = temporaryFolder();
  const clock = new FakeClock(NOON_MS);
  const store = await openLocalStore(folder, new SmallDisk(), clock);
  await store.maintain();
  await store.put(packed(someReports(random, REPORTS)));
  clock.advance(3 * SEGMENT_MS);
  await store.maintain();
  return { folder, clock, store, path: join(folder, "open", `${SEGMENT}.segment`) };
}

async function reading(store: EmbeddedStore): Promise<AsyncIterator<Uint8Array>> {
  const answer = await store.segment(SEGMENT);
  if (typeof answer === "string") throw new Error(`the segment is ${answer}`);
  const parts = answer.parts()[Symbol.asyncIterator]();
  await parts.next();
  await parts.next();
  return parts;
}

describe("an open hour that was set aside", () => {
  it("does not take the new one of its number with it when a second reader meets the same damage", async () => {
    const { folder, clock, store, path } = await filled();
    const readers = [await reading(store), await reading(store)];
    flip(path, 2 * PART_BYTES + 7);
    const late = someReports(random, 5);
    for (const reader of readers) {
      await expect(reader.next()).rejects.toBeInstanceOf(StoreUnavailableError);
      await store.put(packed(late));
    }
    expect(store.damaged).toEqual([join(folder, "damaged", `${OPEN}.1`)]);
    expect(existsSync(join(folder, "open", OPEN))).toBe(true);
    clock.advance(HOUR_IS_CLOSED_MS);
    await store.maintain();
    expect(timesFound(late, await recordsOfHours(store))).toEqual(late.map(() => 1));
    await store.close();
  });

  it("is remembered at the next start: no segment that was served is published anew", async () => {
    const { folder, clock, store, path } = await filled();
    flip(path, 7);
    await expect(store.segment(SEGMENT)).rejects.toBeInstanceOf(StoreUnavailableError);
    await store.close();
    clock.setWall(NOON_MS + 2 * SEGMENT_MS);
    const again = await openLocalStore(folder, new SmallDisk(), clock);
    expect(again.health().arrivalFloor).toBe(SEGMENT + 3);
    await again.put(packed(someReports(random, 5)));
    clock.advance(2 * SEGMENT_MS);
    await again.maintain();
    expect((await again.published()).open).toEqual({ first: SEGMENT + 3, last: SEGMENT + 3 });
    await again.close();
    const third = await openLocalStore(folder, new SmallDisk(), clock);
    expect(third.health().arrivalFloor).toBe(SEGMENT + 4);
    await third.close();
  });

  it("takes nothing any more after a start when no segment tells how far it was served", async () => {
    const folder = temporaryFolder();
    const clock = new FakeClock(NOON_MS);
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    await store.maintain();
    await store.close();
    truncateSync(join(folder, "open", OPEN), 100);
    for (let start = 0; start < 2; start++) {
      const again = await openLocalStore(folder, new SmallDisk(), clock);
      expect(again.health().arrivalFloor).toBe(SEGMENT + 120);
      await again.close();
    }
  });

  it("is not begun at its first segment after a start, though the hour before is open", async () => {
    const folder = temporaryFolder();
    const clock = new FakeClock(NOON_MS - SEGMENT_MS);
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    await store.maintain();
    clock.advance(SEGMENT_MS);
    await store.maintain();
    await store.put(packed(someReports(random, REPORTS)));
    clock.advance(SEGMENT_MS);
    await store.maintain();
    flip(join(folder, "open", `${SEGMENT}.segment`), 7);
    await expect(store.segment(SEGMENT)).rejects.toBeInstanceOf(StoreUnavailableError);
    await store.close();
    const again = await openLocalStore(folder, new SmallDisk(), clock);
    await again.maintain();
    clock.advance(SEGMENT_MS);
    await again.maintain();
    expect((await again.published()).open).toEqual({ first: SEGMENT - 1, last: SEGMENT - 1 });
    expect(await again.segment(SEGMENT)).not.toBeInstanceOf(Object);
    await again.close();
  });

  it("has all its segments with it when a crash came while they were moved", async () => {
    const { folder, clock, store } = await filled();
    await store.close();
    truncateSync(join(folder, "open", OPEN), 100);
    const before = readdirSync(join(folder, "open"));
    const inTheWay = join(folder, "damaged", `${OPEN}.1-${SEGMENT + 1}.segment`);
    mkdirSync(inTheWay);
    await expect(openLocalStore(folder, new SmallDisk(), clock)).rejects.toThrow();
    rmdirSync(inTheWay);
    const again = await openLocalStore(folder, new SmallDisk(), clock);
    expect(again.damaged).toEqual([join(folder, "damaged", `${OPEN}.1`)]);
    expect(before.length).toBe(4);
    const segments = readdirSync(join(folder, "damaged")).filter((name) => /segment$/.test(name));
    expect(segments.length).toBe(3);
    expect(again.health().arrivalFloor).toBe(SEGMENT + 3);
    await again.close();
  });

  it("takes nothing any more, and breaks nothing, when all its segments are missing and the hour before is open", async () => {
    const folder = temporaryFolder();
    const clock = new FakeClock(NOON_MS - SEGMENT_MS);
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    await store.maintain();
    const early = someReports(random, 3);
    await store.put(packed(early));
    clock.advance(SEGMENT_MS);
    await store.maintain();
    await store.put(packed(someReports(random, REPORTS)));
    clock.advance(SEGMENT_MS);
    await store.maintain();
    await store.close();
    rmSync(join(folder, "open", `${SEGMENT}.segment`));
    const found = await verifyStore(world, folder);
    expect(found.damaged.map(({ path, reason }) => [path, reason])).toEqual([
      [join(folder, "open", `${SEGMENT}.segment`), `segment ${SEGMENT} is missing`],
    ]);
    const late = someReports(random, 4);
    for (let start = 0; start < 2; start++) {
      const again = await openLocalStore(folder, new SmallDisk(), clock);
      expect(again.damaged.length).toBe(start === 0 ? 1 : 0);
      await again.maintain();
      await again.put(packed(late));
      expect(again.health().arrivalFloor).toBe(SEGMENT + 120);
      expect((await again.published()).open).toEqual({ first: SEGMENT - 1, last: SEGMENT - 1 });
      expect(timesFound(early, await recordsOfSegments(again))).toEqual([1, 1, 1]);
      expect((await verifyStore(world, folder)).damaged).toEqual([]);
      await again.close();
    }
    const last = await openLocalStore(folder, new SmallDisk(), clock);
    clock.advance(2 * HOUR_IS_CLOSED_MS);
    await last.maintain();
    const { hours, open } = await last.published();
    expect(hours.map(({ hour }) => hour)).toEqual([NOON_HOUR - 1, NOON_HOUR + 1]);
    expect(open?.first).toBe(SEGMENT + 240);
    expect(timesFound(late, await recordsOfHours(last))).toEqual([1, 1, 1, 1]);
    await last.close();
  });
});

describe("an open hour without a segment", () => {
  it("is verified, loaded and closed, with padding alone", async () => {
    const folder = temporaryFolder();
    const clock = new FakeClock(NOON_MS);
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    await store.maintain();
    await store.close();
    expect(await verifyStore(world, folder)).toEqual({
      ...{ hours: 0, openHours: 1, records: 0, damaged: [] },
    });
    clock.advance(HOUR_IS_CLOSED_MS);
    const again = await openLocalStore(folder, new SmallDisk(), clock);
    expect((await again.published()).open).toBeNull();
    await again.maintain();
    expect((await again.published()).hours.map(({ hour }) => hour)).toEqual([NOON_HOUR]);
    expect((await verifyStore(world, folder)).damaged).toEqual([]);
    expect(again.damaged).toEqual([]);
    await again.close();
  });
});
