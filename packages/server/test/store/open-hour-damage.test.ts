import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { StoreUnavailableError } from "@glowworm/server";
import { describe, expect, it } from "vitest";
import { flip } from "../support/damage.ts";
import {
  HOUR_MS,
  type NewReport,
  NOON_HOUR,
  NOON_MS,
  packed,
  someReports,
  temporaryFolder,
} from "../support/fixtures.ts";
import { openLocalStore, SmallDisk } from "../support/local-store.ts";
import { recordsOfHours, timesFound } from "../support/published.ts";

const random = seededRandom("open hour damage");
const OPEN = `${NOON_HOUR}.sqlite`;

/** A folder with one open hour, closed segments in it, and what is in them. */
async function filled(): Promise<{
  folder: string;
  clock: FakeClock;
  reports: readonly NewReport[];
}> {
  const folder = temporaryFolder();
  const clock = new FakeClock(NOON_MS);
  const store = await openLocalStore(folder, new SmallDisk(), clock);
  await store.maintain();
  const reports = someReports(random, 40);
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
    const { folder, clock, reports } = await filled();
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
    const { folder, clock } = await filled();
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
});
