import { HOUR_CLOSE_DELAY_SECONDS, HOUR_SECONDS, hourOf } from "@glowworm/protocol";
import { FakeClock } from "@glowworm/protocol/testing";
import type { ReportStore } from "@glowworm/server";
import { randomReports } from "../server/direct-writers.ts";
import { openStore } from "../server/open-store.ts";

/** Reports of one commit: large, because filling is not what is measured. */
const GROUP_RECORDS = 4000;
/** Moments of an hour at which reports arrive. */
const PARTS = 15;

/** A week on a server. */
export interface Filling {
  readonly folder: string;
  readonly hours: number;
  readonly reportsPerHour: number;
  /** One more report for each hour, for somebody to find: 129 bytes. */
  readonly planted: (hour: number) => Uint8Array;
}

/** First of the hours that end with the newest that is closed now. */
export function firstHourOf(hours: number, nowMs: number): number {
  return hourOf(nowMs / 1000 - HOUR_CLOSE_DELAY_SECONDS) - hours;
}

/** Fills and closes hour after hour through the store's own code, the newest just over now. */
export async function fillStore(filling: Filling): Promise<void> {
  const { folder, hours, reportsPerHour } = filling;
  const first = firstHourOf(hours, Date.now());
  const clock = new FakeClock(first * HOUR_SECONDS * 1000);
  const store = await openStore(folder, clock);
  for (let hour = first; hour < first + hours; hour++) {
    for (let part = 0; part < PARTS; part++) {
      clock.setWall((hour + (part + 0.5) / PARTS) * HOUR_SECONDS * 1000);
      await putMany(store, reportsPerHour / PARTS);
    }
    await store.put(filling.planted(hour));
    clock.setWall(((hour + 1) * HOUR_SECONDS + HOUR_CLOSE_DELAY_SECONDS) * 1000);
    await store.maintain();
  }
  await store.close();
}

/** Puts random reports in large groups, the next one made while one is written. */
async function putMany(store: ReportStore, count: number): Promise<void> {
  let previous = Promise.resolve();
  for (let done = 0; done < count; done += GROUP_RECORDS) {
    const group = store.put(randomReports(Math.min(GROUP_RECORDS, count - done)));
    await Promise.all([previous, new Promise(setImmediate)]);
    previous = group;
  }
  await previous;
}
