import { join } from "node:path";
import type { DeviceKeys } from "@glowworm/owner";
import { systemClock } from "@glowworm/platform";
import { type CryptoSuite, HOUR_SECONDS, type RandomSource } from "@glowworm/protocol";
import { bytesIn, inFolder } from "../folder.ts";
import { uploads } from "../ingest.ts";
import { limitRow, milliseconds, type Row, row } from "../measure.ts";
import { openStore } from "../server/open-store.ts";
import { startServer } from "../server/program.ts";
import { fillStore, firstHourOf } from "./fill.ts";
import { plantedReport } from "./plant.ts";
import { benchReads, benchSegment } from "./reads.ts";
import { lookUp } from "./week-lookup.ts";

const HOURS = 7 * 24;
const SMALL = "1 M";
const LARGE = "10 M";
const RECORDS = 64;
const FULL_SECONDS = 3;
const CONNECTIONS = 16;
const LOAD_CONNECTIONS = 128;
/** Uploads beside which everything is read, as long as that takes: 1500 times what fills this store in a week. */
const STEADY_PER_SECOND = 25_000;
const STEADY_SECONDS = 22;
const HALF_LOAD_SECONDS = 5;
const P99_LIMIT_MS = 250;
const MEMORY_LIMIT_MB = 300;

/** A week of a server with a million reports, and of one with ten million: how everything grows. */
export async function benchWeeks(
  crypto: CryptoSuite,
  random: RandomSource,
): Promise<readonly Row[]> {
  const small = await benchWeek(crypto, random, 6_000, SMALL);
  const large = await benchWeek(crypto, random, 60_000, LARGE);
  return [...small, ...large.map((one) => grown(small, one))];
}

/** A row that has no limit says how many times what the smaller store showed it is. */
function grown(small: readonly Row[], large: Row): Row {
  const before = small.find(({ name }) => name === large.name.replace(LARGE, SMALL));
  if (large.ratio !== null || before === undefined || before.value === 0) return large;
  return row(large.name, large.value, large.unit, large.value / before.value, `that of ${SMALL}`);
}

async function benchWeek(
  crypto: CryptoSuite,
  random: RandomSource,
  reportsPerHour: number,
  label: string,
): Promise<readonly Row[]> {
  const since = firstHourOf(HOURS, Date.now()) * HOUR_SECONDS;
  const device = { number: 1, key: random.bytes(32), since };
  return await inFolder(async (folder) => {
    const data = join(folder, "server");
    const planted = (hour: number) =>
      plantedReport(crypto, random, device, (hour + 0.4) * HOUR_SECONDS);
    const filling = { folder: data, hours: HOURS, reportsPerHour, planted };
    const fillMs = await milliseconds(() => fillStore(filling));
    const reports = HOURS * (reportsPerHour + 1);
    return [
      row(`${label}: filled and closed`, (1000 * reports) / fillMs, "reports/s"),
      row(`${label}: closed hours on disk`, bytesIn(data) / reports, "B/report"),
      ...(await benchServer(crypto, folder, label, device)),
      ...(await benchExpiry(data, label)),
    ];
  });
}

async function benchServer(
  crypto: CryptoSuite,
  folder: string,
  label: string,
  device: DeviceKeys,
): Promise<readonly Row[]> {
  const server = await startServer(join(folder, "server"));
  try {
    return [
      row(`${label}: start until it listens`, server.startMs, "ms"),
      limitRow(`${label}: memory after the start`, server.memory().now, "MB", MEMORY_LIMIT_MB),
      ...(await benchLookup(crypto, server.url, join(folder, "owner"), label, device)),
      ...(await benchSteady(server.url, label)),
      limitRow(`${label}: memory at most`, server.memory().peak, "MB", MEMORY_LIMIT_MB),
      ...(await benchSegment(server.url, label)),
      ...(await benchFull(server.url, label)),
      row(`${label}: memory at most, after uploads at full load`, server.memory().peak, "MB"),
    ];
  } finally {
    await server.stop();
  }
}

async function benchLookup(
  crypto: CryptoSuite,
  url: string,
  cacheFolder: string,
  label: string,
  device: DeviceKeys,
): Promise<readonly Row[]> {
  const cold = await lookUp(crypto, url, cacheFolder, device);
  const warm = await lookUp(crypto, url, cacheFolder, device);
  if (cold.reports !== HOURS) throw new Error(`found ${cold.reports} of ${HOURS} reports`);
  const name = `${label}: lookup of a device-week`;
  return [
    row(`${name}, nothing cached`, cold.seconds, "s"),
    row(`${name}, requests`, cold.requests, "requests"),
    row(`${name}, transferred`, cold.megabytes, "MB"),
    row(`${name}, again`, warm.seconds, "s"),
    row(`${name}, again, requests`, warm.requests, "requests"),
  ];
}

/** Uploads at a steady rate, and reads beside them. */
async function benchSteady(url: string, label: string): Promise<readonly Row[]> {
  const perSecond = STEADY_PER_SECOND / RECORDS;
  const ingest = uploads(url, RECORDS, LOAD_CONNECTIONS, perSecond, STEADY_SECONDS);
  const reads = await benchReads(url, label);
  const { latencies } = await ingest;
  const name = `${label}: uploads of ${STEADY_PER_SECOND} reports a second, p99`;
  return [limitRow(name, latencies.p99, "ms", P99_LIMIT_MS), ...reads];
}

/** Uploads as fast as the server takes them, and at half of that. */
async function benchFull(url: string, label: string): Promise<readonly Row[]> {
  const full = await uploads(url, RECORDS, CONNECTIONS, null, FULL_SECONDS);
  const half = full.perSecond / 2;
  const { latencies } = await uploads(url, RECORDS, LOAD_CONNECTIONS, half, HALF_LOAD_SECONDS);
  return [
    row(`${label}: ingest by ${RECORDS}`, full.perSecond * RECORDS, "reports/s"),
    limitRow(`${label}: p99 of uploads at half load`, latencies.p99, "ms", P99_LIMIT_MS),
  ];
}

/** A server whose retention is set to one day: six days go at once. */
async function benchExpiry(folder: string, label: string): Promise<readonly Row[]> {
  // What is over is closed before, by a server that keeps all of it.
  const keeping = await openStore(folder, systemClock);
  await keeping.maintain();
  await keeping.close();
  const store = await openStore(folder, systemClock, 1);
  const before = (await store.published()).hours.length;
  const ms = await milliseconds(() => store.maintain());
  const gone = before - (await store.published()).hours.length;
  await store.close();
  return [row(`${label}: expiry of ${gone} hours`, ms, "ms")];
}
