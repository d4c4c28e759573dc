import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openDatabase, openForReading } from "@glowworm/platform";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { StoreUnavailableError } from "@glowworm/server";
import { describe, expect, it } from "vitest";
import type { ClosedHour } from "../../src/store/embedded/closed/hour-file.ts";
import type { ClosingJob } from "../../src/store/embedded/closing/close-hour.ts";
import { LocalCloser } from "../../src/store/embedded/closing/closer.ts";
import { flip } from "../support/damage.ts";
import {
  crypto,
  HOUR_MS,
  type NewReport,
  NOON_HOUR,
  NOON_MS,
  packed,
  someReports,
  temporaryFolder,
} from "../support/fixtures.ts";
import { openLocalStore, SmallDisk } from "../support/local-store.ts";
import { everything, recordsOfHours, timesFound } from "../support/published.ts";

const random = seededRandom("open hour damage");
const OPEN = `${NOON_HOUR}.sqlite`;

/** A folder with one open hour, closed segments in it, and what is in the first of them, which is small with 40 reports. */
async function filled(count = 40): Promise<{
  folder: string;
  clock: FakeClock;
  reports: readonly NewReport[];
}> {
  const folder = temporaryFolder();
  const clock = new FakeClock(NOON_MS);
  const store = await openLocalStore(folder, new SmallDisk(), clock);
  await store.maintain();
  const reports = someReports(random, count);
  await store.put(packed(reports));
  clock.advance(60_000);
  await store.maintain();
  await store.close();
  return { folder, clock, reports };
}

describe("an open hour that is damaged", () => {
  it("is set aside and named when one bit of a report has changed", async () => {
    const { folder, clock, reports } = await filled();
    const path = join(folder, "open", OPEN);
    const at = readFileSync(path).indexOf(Buffer.from(reports[7]?.envelope ?? []));
    flip(path, at + 50);
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    expect(store.damaged).toEqual([join(folder, "damaged", `${OPEN}.1`)]);
    await store.maintain();
    await store.put(packed(someReports(random, 3)));
    await store.close();
  });

  it("is set aside while the server runs, and no closed segment is served again with other bytes", async () => {
    const { folder, clock, reports } = await filled(100);
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    await store.maintain();
    flip(join(folder, "open", `${NOON_HOUR * 120}.segment`), 500);
    await expect(store.segment(NOON_HOUR * 120)).rejects.toBeInstanceOf(StoreUnavailableError);
    await store.maintain();
    expect(store.damaged).toEqual([join(folder, "damaged", `${OPEN}.1`)]);
    expect(store.health().arrivalFloor).toBe(NOON_HOUR * 120 + 2);
    clock.setWall(NOON_MS);
    const late = someReports(random, 4);
    await store.put(packed(late));
    await expect(store.segment(NOON_HOUR * 120)).resolves.toBe("gone");
    clock.setWall(NOON_MS + HOUR_MS + 120_000);
    await store.maintain();
    const records = await recordsOfHours(store);
    expect(timesFound(late, records)).toEqual([1, 1, 1, 1]);
    expect(new Set(timesFound(reports, records))).toEqual(new Set([0]));
    await store.close();
  });

  it("is found at closing, before a wrong byte is published", async () => {
    const { folder, clock } = await filled(100);
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    await store.maintain();
    flip(join(folder, "open", `${NOON_HOUR * 120}.segment`), 500);
    clock.advance(HOUR_MS + 120_000);
    await expect(store.maintain()).rejects.toBeInstanceOf(StoreUnavailableError);
    await store.maintain();
    expect(store.damaged).toEqual([join(folder, "damaged", `${OPEN}.1`)]);
    expect((await store.published()).hours).toEqual([]);
    await store.close();
  });

  it("is not set aside for a small segment: that is written again from the database, and served", async () => {
    const { folder, clock } = await filled();
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    const before = await everything(store);
    for (let time = 0; time < 2; time++) {
      flip(join(folder, "open", `${NOON_HOUR * 120}.segment`), 500);
      const readers = [store.segment(NOON_HOUR * 120), store.segment(NOON_HOUR * 120)];
      for (const reader of await Promise.allSettled(readers)) {
        if (reader.status === "rejected")
          expect(reader.reason).toBeInstanceOf(StoreUnavailableError);
      }
      expect(await everything(store)).toEqual(before);
    }
    expect(store.damaged).toEqual([]);
    await store.close();
  });

  it("is closed by the next try when a small segment was damaged, whoever found that first", async () => {
    const { folder, clock, reports } = await filled();
    const disk = new SmallDisk();
    const path = join(folder, "open", `${NOON_HOUR * 120}.segment`);
    let meanwhile = async (): Promise<void> => {};
    class Meanwhile extends LocalCloser {
      override async closeHour(job: ClosingJob): Promise<ClosedHour> {
        flip(path, 500);
        try {
          return await super.closeHour(job);
        } finally {
          await meanwhile();
        }
      }
    }
    disk.closer = new Meanwhile({ crypto, openForReading, wait: () => {} });
    const store = await openLocalStore(folder, disk, clock);
    clock.advance(HOUR_MS + 120_000);
    await expect(store.maintain()).rejects.toBeInstanceOf(StoreUnavailableError);
    meanwhile = async () => {
      await expect(store.segment(NOON_HOUR * 120)).rejects.toBeInstanceOf(StoreUnavailableError);
    };
    await expect(store.maintain()).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(store.damaged).toEqual([]);
    await store.close();
    const again = await openLocalStore(folder, new SmallDisk(), clock);
    await again.maintain();
    expect(new Set(timesFound(reports, await recordsOfHours(again)))).toEqual(new Set([1]));
    await again.close();
  });

  it("is set aside for a small segment when the database has not what it should be", async () => {
    const { folder, clock } = await filled();
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    const database = openDatabase(join(folder, "open", OPEN));
    database.prepare("UPDATE segments SET content = zeroblob(length(content))").run();
    database.close();
    flip(join(folder, "open", `${NOON_HOUR * 120}.segment`), 500);
    await expect(store.segment(NOON_HOUR * 120)).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(store.damaged).toEqual([join(folder, "damaged", `${OPEN}.1`)]);
    expect(await store.segment(NOON_HOUR * 120)).toBe("gone");
    await store.close();
  });
});
