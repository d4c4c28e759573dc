import { existsSync } from "node:fs";
import { join } from "node:path";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { StoreFullError, StoreUnavailableError } from "@glowworm/server";
import { describe, expect, it } from "vitest";
import {
  HOUR_MS,
  NOON_HOUR,
  NOON_MS,
  packed,
  SEGMENT_MS,
  someReports,
  temporaryFolder,
} from "../support/fixtures.ts";
import { MIN_FREE_BYTES, openLocalStore, SmallDisk } from "../support/local-store.ts";
import { everything, recordsOfHours, timesFound } from "../support/published.ts";

const random = seededRandom("full disk");

describe("a full disk", () => {
  it("acknowledges nothing, says so, and takes reports again when there is room", async () => {
    const disk = new SmallDisk();
    const clock = new FakeClock(NOON_MS);
    const store = await openLocalStore(temporaryFolder(), disk, clock);
    await store.maintain();
    const early = someReports(random, 10);
    await store.put(packed(early));
    disk.fill();
    const refused = someReports(random, 500);
    await expect(store.put(packed(refused))).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(store.health().isWritable).toBe(false);
    disk.empty();
    const late = someReports(random, 10);
    await store.put(packed(late));
    expect(store.health().isWritable).toBe(true);
    clock.advance(2 * HOUR_MS);
    await store.maintain();
    const records = await recordsOfHours(store);
    expect(timesFound([...early, ...late], records)).toEqual(Array(20).fill(1));
    expect(new Set(timesFound(refused, records))).toEqual(new Set([0]));
    await store.close();
  });

  it("holds up closing, and neither loses nor changes what was served", async () => {
    const disk = new SmallDisk();
    const clock = new FakeClock(NOON_MS);
    const store = await openLocalStore(temporaryFolder(), disk, clock);
    await store.maintain();
    const reports = someReports(random, 21);
    await store.put(packed(reports));
    clock.advance(SEGMENT_MS);
    await store.maintain();
    const before = await everything(store);
    disk.fill();
    clock.advance(2 * HOUR_MS);
    await expect(store.maintain()).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(await everything(store)).toEqual(before);
    disk.empty();
    await store.maintain();
    expect(timesFound(reports, await recordsOfHours(store))).toEqual(Array(21).fill(1));
    await store.close();
  });

  it("removes hours past retention although no hour can be closed", async () => {
    const folder = temporaryFolder();
    const disk = new SmallDisk();
    const clock = new FakeClock(NOON_MS);
    const store = await openLocalStore(folder, disk, clock, 1);
    await store.maintain();
    for (let hour = 0; hour < 24; hour++) {
      clock.advance(HOUR_MS);
      await store.maintain();
    }
    const oldest = join(folder, "hours", `${NOON_HOUR}.hour`);
    expect(existsSync(oldest)).toBe(true);
    disk.fill();
    clock.advance(HOUR_MS + 120_000);
    await expect(store.maintain()).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(existsSync(oldest)).toBe(false);
    disk.empty();
    await store.close();
  });
});

describe("a disk with less than min_free", () => {
  it("takes no report, says so, closes hours all the same, and takes reports again by itself", async () => {
    const disk = new SmallDisk();
    const clock = new FakeClock(NOON_MS);
    const store = await openLocalStore(temporaryFolder(), disk, clock);
    await store.maintain();
    const early = someReports(random, 5);
    await store.put(packed(early));
    disk.freeBytes = MIN_FREE_BYTES - 1;
    await expect(store.put(packed(someReports(random, 5)))).rejects.toBeInstanceOf(StoreFullError);
    expect(store.health().isWritable).toBe(false);
    clock.advance(HOUR_MS + 120_000);
    await store.maintain();
    expect(store.health().isWritable).toBe(false);
    expect(timesFound(early, await recordsOfHours(store))).toEqual([1, 1, 1, 1, 1]);
    disk.freeBytes = 2 * MIN_FREE_BYTES;
    await store.maintain();
    expect(store.health().isWritable).toBe(true);
    await store.put(packed(someReports(random, 5)));
    await store.close();
  });

  it("keeps as much more free as closing the open segments and hours takes", async () => {
    const disk = new SmallDisk();
    const clock = new FakeClock(NOON_MS);
    const store = await openLocalStore(temporaryFolder(), disk, clock);
    await store.maintain();
    const put = (count: number): Promise<void> => store.put(packed(someReports(random, count)));
    await put(1000);
    disk.freeBytes = MIN_FREE_BYTES + 1000 * 266;
    await expect(put(1)).rejects.toBeInstanceOf(StoreFullError);
    disk.freeBytes = MIN_FREE_BYTES + 1000 * 274;
    await put(1);
    clock.advance(SEGMENT_MS);
    await store.maintain();
    disk.freeBytes = MIN_FREE_BYTES + 1000 * 133;
    await expect(put(1)).rejects.toBeInstanceOf(StoreFullError);
    disk.freeBytes = MIN_FREE_BYTES + 1010 * 140;
    await put(1);
    await store.close();
  });
});
