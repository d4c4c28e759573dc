import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { HOUR_CLOSE_DELAY_SECONDS, HOUR_SECONDS, SEGMENT_SECONDS } from "@glowworm/protocol";
import { FakeClock } from "@glowworm/protocol/testing";
import { type ReportStore, StoreBusyError } from "@glowworm/server";
import { bytesIn } from "../folder.ts";
import { latenciesOf } from "../load/latencies.ts";
import { limitRow, median, milliseconds, type Row, row } from "../measure.ts";
import { randomBatches, randomReports, writeDirectly } from "../server/direct-writers.ts";
import { openStore } from "../server/open-store.ts";

const HOUR = 500_000;
/** Segments that get reports; the others stay for what comes after. */
const SEGMENTS = 100;
/** Segments at the beginning and at the end of which the rates are compared. */
const SAMPLE_SEGMENTS = 10;
const RECORDS = 64;
const WRITERS = 16;
/** Reports a second while the hour closes: nearly what a server takes over HTTP. */
const PER_SECOND = 25_000;
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
const clock = new FakeClock(HOUR * HOUR_SECONDS * 1000);
const store = await openStore(folder, clock);
process.stdout.write(JSON.stringify([...(await fillHour()), ...(await closeHour())]));
await store.close();

/** Reports come in batches and segment after segment, which closes as it does on a server. */
async function fillHour(): Promise<readonly Row[]> {
  const rates: number[] = [];
  const before = bytesWritten();
  for (let segment = 0; segment < SEGMENTS; segment++) {
    const batches = randomBatches(Math.ceil(total / SEGMENTS / RECORDS), RECORDS);
    rates.push(await writeDirectly(store, batches, WRITERS, HOUR_SECONDS));
    clock.advance(SEGMENT_SECONDS * 1000);
    await store.maintain();
  }
  const first = median(rates.slice(0, SAMPLE_SEGMENTS));
  const last = median(rates.slice(-SAMPLE_SEGMENTS));
  return [
    row(`${label}: its first tenth`, first, "reports/s"),
    row(`${label}: its last tenth`, last, "reports/s", last / first, "the first"),
    row(`${label}: open, on disk`, bytesIn(folder) / total, "B/report"),
    row(`${label}: written to the disk meanwhile`, (bytesWritten() - before) / total, "B/report"),
  ];
}

async function closeHour(): Promise<readonly Row[]> {
  const before = await uploadsUntil(store, delay(CALM_MS), PER_SECOND);
  clock.setWall(((HOUR + 1) * HOUR_SECONDS + HOUR_CLOSE_DELAY_SECONDS) * 1000);
  let closing = Promise.resolve();
  const closingMs = milliseconds(() => {
    closing = store.maintain();
    return closing;
  });
  const closed = await uploadsUntil(store, closingMs, PER_SECOND);
  const [calm, during] = [latenciesOf(before.times), latenciesOf(closed.times)];
  return [
    row(`${label}: closing`, await closingMs, "ms"),
    row(`${label}: commits of 25,000 reports a second, p99`, calm.p99, "ms"),
    limitRow(`${label}: the same while it closes, p99`, during.p99, "ms", P99_LIMIT_MS),
    row(`${label}: the same while it closes, longest`, during.max, "ms"),
    row(`${label}: the same while it closes, put off`, closed.putOff, "batches"),
    limitRow(
      `${label}: memory, with what makes the load`,
      process.memoryUsage.rss() / 1e6,
      "MB",
      MEMORY_LIMIT_MB,
    ),
  ];
}

/** Bytes that this process, and so the store, has sent on their way to a disk; only Linux says. */
function bytesWritten(): number {
  const counts = readFileSync("/proc/self/io", "utf8");
  return Number(/^write_bytes: (\d+)$/m.exec(counts)?.[1]);
}

interface Uploads {
  /** Milliseconds from when each batch was due until it was durable. */
  readonly times: readonly number[];
  /** Batches that were asked to come later, because too much was waiting. */
  readonly putOff: number;
}

/** Batches at a fixed rate until something has ended. */
async function uploadsUntil(
  into: ReportStore,
  end: Promise<unknown>,
  perSecond: number,
): Promise<Uploads> {
  const times: number[] = [];
  const running: Promise<void>[] = [];
  const began = performance.now();
  let putOff = 0;
  let isOver = false;
  const over = end.then(() => {
    isOver = true;
  });
  const upload = async (due: number): Promise<void> => {
    try {
      await into.put(randomReports(RECORDS));
      times.push(performance.now() - due);
    } catch (error) {
      if (!(error instanceof StoreBusyError)) throw error;
      putOff += 1;
    }
  };
  for (let index = 0; !isOver; index++) {
    const due = began + (1000 * index * RECORDS) / perSecond;
    await Promise.race([delay(Math.max(0, due - performance.now())), over]);
    running.push(upload(due));
  }
  await Promise.all(running);
  return { times, putOff };
}
