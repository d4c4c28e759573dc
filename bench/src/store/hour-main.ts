import { setTimeout as delay } from "node:timers/promises";
import { systemRandom } from "@glowworm/platform";
import { HOUR_CLOSE_DELAY_SECONDS, HOUR_SECONDS } from "@glowworm/protocol";
import { FakeClock } from "@glowworm/protocol/testing";
import { openEmbeddedStore, type ReportStore } from "@glowworm/server";
import { bytesIn } from "../folder.ts";
import { latenciesOf } from "../load/latencies.ts";
import { limitRow, milliseconds, type Row, row } from "../measure.ts";
import { randomBatches, randomReports, writeDirectly } from "../server/direct-writers.ts";
import { putMany } from "./fill.ts";

const HOUR = 500_000;
const RECORDS = 64;
const WRITERS = 16;
const RETENTION_DAYS = 30;
/** Written at the beginning and at the end as uploads are: in batches. */
const SAMPLE = 50_000;
const CALM_MS = 2000;
const P99_LIMIT_MS = 250;
const MEMORY_LIMIT_MB = 300;

/**
 * One hour: how it fills, what it takes on disk, and how uploads fare while it closes. Arguments: folder, reports.
 * Prints rows as JSON. A process of its own, for its memory.
 */
const [folder = "", reports = "0"] = process.argv.slice(2);
const total = Number(reports);
const label = `hour of ${total.toLocaleString("en")}`;
const clock = new FakeClock((HOUR + 0.5) * HOUR_SECONDS * 1000);
const world = { clock, random: systemRandom, retentionDays: RETENTION_DAYS };
const store = await openEmbeddedStore({ ...world, folder });
process.stdout.write(JSON.stringify([...(await fillHour()), ...(await closeHour())]));
await store.close();

async function fillHour(): Promise<readonly Row[]> {
  const sample = (): Promise<number> =>
    writeDirectly(store, randomBatches(SAMPLE / RECORDS, RECORDS), WRITERS, HOUR_SECONDS);
  const first = await sample();
  await putMany(store, total - 2 * SAMPLE);
  const last = await sample();
  return [
    row(`${label}: first ${SAMPLE} reports`, first, "reports/s"),
    row(`${label}: last ${SAMPLE} reports`, last, "reports/s", last / first, "the first"),
    row(`${label}: open, on disk`, bytesIn(folder) / total, "B/report"),
  ];
}

async function closeHour(): Promise<readonly Row[]> {
  const perSecond = (await rateNow()) / 2;
  const calm = latenciesOf(await uploadsUntil(store, delay(CALM_MS), perSecond));
  clock.setWall(((HOUR + 1) * HOUR_SECONDS + HOUR_CLOSE_DELAY_SECONDS) * 1000);
  let closing = Promise.resolve();
  const closingMs = milliseconds(() => {
    closing = store.maintain();
    return closing;
  });
  const during = latenciesOf(await uploadsUntil(store, closingMs, perSecond));
  return [
    row(`${label}: closing`, await closingMs, "ms"),
    row(`${label}: commits at half load, p99`, calm.p99, "ms"),
    limitRow(`${label}: the same while it closes, p99`, during.p99, "ms", P99_LIMIT_MS),
    row(`${label}: the same while it closes, longest`, during.max, "ms"),
    limitRow(`${label}: memory`, process.memoryUsage.rss() / 1e6, "MB", MEMORY_LIMIT_MB),
  ];
}

async function rateNow(): Promise<number> {
  return await writeDirectly(store, randomBatches(SAMPLE / RECORDS, RECORDS), WRITERS, 1);
}

/** Batches at a fixed rate until something has ended; milliseconds from when each was due until it was durable. */
async function uploadsUntil(
  into: ReportStore,
  end: Promise<unknown>,
  perSecond: number,
): Promise<readonly number[]> {
  const times: number[] = [];
  const running: Promise<void>[] = [];
  const began = performance.now();
  let isOver = false;
  const over = end.then(() => {
    isOver = true;
  });
  for (let index = 0; !isOver; index++) {
    const due = began + (1000 * index * RECORDS) / perSecond;
    await Promise.race([delay(Math.max(0, due - performance.now())), over]);
    const put = into.put(randomReports(RECORDS)).then(() => {
      times.push(performance.now() - due);
    });
    running.push(put);
  }
  await Promise.all(running);
  return times;
}
