import { systemRandom } from "@glowworm/platform";
import { HOUR_CLOSE_DELAY_SECONDS, HOUR_SECONDS, hourOf } from "@glowworm/protocol";
import { FakeClock } from "@glowworm/protocol/testing";
import { type NewReport, openEmbeddedStore, type ReportStore } from "@glowworm/server";
import { randomReports } from "../server/direct-writers.ts";

/** Reports of one commit: large, because filling is not what is measured. */
const GROUP_RECORDS = 4000;
const RETENTION_DAYS = 30;

/** A week on a server. */
export interface Filling {
  readonly folder: string;
  readonly hours: number;
  readonly reportsPerHour: number;
  /** One more report for each hour, for somebody to find. */
  readonly planted: (hour: number) => NewReport;
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
  const world = { clock, random: systemRandom, retentionDays: RETENTION_DAYS };
  const store = await openEmbeddedStore({ ...world, folder });
  for (let hour = first; hour < first + hours; hour++) {
    clock.setWall((hour * HOUR_SECONDS + HOUR_SECONDS / 2) * 1000);
    await store.put([filling.planted(hour)]);
    await putMany(store, reportsPerHour);
    clock.setWall(((hour + 1) * HOUR_SECONDS + HOUR_CLOSE_DELAY_SECONDS) * 1000);
    await store.maintain();
  }
  await store.close();
}

/** Puts random reports in large groups, the next one made while one is written. */
export async function putMany(store: ReportStore, count: number): Promise<void> {
  let previous = Promise.resolve();
  for (let done = 0; done < count; done += GROUP_RECORDS) {
    const group = store.put(randomReports(Math.min(GROUP_RECORDS, count - done)));
    await Promise.all([previous, new Promise(setImmediate)]);
    previous = group;
  }
  await previous;
}
