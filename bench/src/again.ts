import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CacheTrouble, type FindDeps, findDevice, loadCandidates } from "@glowworm/owner";
import { systemClock } from "@glowworm/platform";
import {
  buildFilter,
  type CryptoSuite,
  compareBytes,
  concat,
  DAY_SECONDS,
  dayOf,
  encodeManifest,
  filterHash,
  GET_ID_BYTES,
  hourOf,
  manifestHash,
  PAGE_RECORDS,
  PATHS,
  type RandomSource,
  secondsNow,
  toHex,
} from "@glowworm/protocol";
import { type Row, row } from "./measure.ts";

const HOURS = 7 * 24;
const PAGES = 235;
const DAYS = 730;
/** Days ahead that are searched for a device that was not heard, and somewhat less. */
const DAYS_AHEAD = 400;
const DAYS_AHEAD_ALONE = 398;

/** Processor time of a lookup whose hours are all on this disk, when they were not yet searched for its device, and when they were. */
export async function benchAgain(
  crypto: CryptoSuite,
  random: RandomSource,
): Promise<readonly Row[]> {
  const cacheFolder = mkdtempSync(join(tmpdir(), "glowworm-bench-"));
  const now = secondsNow(systemClock);
  const { signal } = new AbortController();
  const deps: FindDeps = {
    crypto,
    random,
    cacheFolder,
    signal,
    fetch: publish(crypto, random, hourOf(now)),
    clock: systemClock,
    serverUrl: "https://glow.example",
    onProgress: () => {},
  };
  const since = now - (DAYS - DAYS_AHEAD) * DAY_SECONDS;
  const device = { number: 1, key: random.bytes(32), since };
  const other = { number: 2, key: random.bytes(32), since: now + DAYS_AHEAD_ALONE * DAY_SECONDS };
  try {
    await findDevice(deps, other);
    const trouble = new CacheTrouble();
    const candidates = { crypto, cacheFolder, trouble, signal, onDays: () => {} };
    await loadCandidates(candidates, device, dayOf(now) + DAYS_AHEAD);
    const first = await processorMs(() => findDevice(deps, device));
    const again = await processorMs(() => findDevice(deps, device));
    const name = `two years of ids in ${HOURS} hours of ${PAGES} pages`;
    return [
      row(`${name}: processor time`, first, "ms"),
      row(`${name}: the same, again`, again, "ms", again / first, "the first time"),
    ];
  } finally {
    rmSync(cacheFolder, { recursive: true });
  }
}

async function processorMs(work: () => Promise<unknown>): Promise<number> {
  const began = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000;
}

/** A server with hours before `end` that all have the same ids, and whose pages nobody asks for. */
function publish(crypto: CryptoSuite, random: RandomSource, end: number): FindDeps["fetch"] {
  const ids = Array.from({ length: PAGES * PAGE_RECORDS }, () => random.bytes(GET_ID_BYTES));
  ids.sort(compareBytes);
  const filter = buildFilter(concat(...ids), random);
  const none = new Uint8Array(GET_ID_BYTES);
  const pages = Array.from({ length: PAGES }, (_, page) => ({
    firstId: ids[page * PAGE_RECORDS] ?? none,
    lastId: ids[(page + 1) * PAGE_RECORDS - 1] ?? none,
    hash: random.bytes(32),
  }));
  const bodies = new Map<string, Uint8Array>();
  const hours: { hour: number; pages: number; manifest: string }[] = [];
  let previous: Uint8Array = new Uint8Array(32);
  for (let hour = end - HOURS; hour < end; hour++) {
    const hash = filterHash(crypto, filter);
    const recordCount = PAGES * PAGE_RECORDS;
    const manifest = encodeManifest({ hour, recordCount, previous, filter: hash, pages });
    previous = manifestHash(crypto, manifest);
    hours.push({ hour, pages: PAGES, manifest: toHex(previous) });
    bodies.set(PATHS.manifest(hour), manifest);
    bodies.set(PATHS.filter(hour), filter);
  }
  const list = new TextEncoder().encode(JSON.stringify({ v: 1, hours, open: null }));
  bodies.set(PATHS.hours, list);
  return (url) => {
    const body = bodies.get(new URL(url).pathname);
    if (body === undefined) throw new Error(`${url}: expected nobody to ask`);
    return Promise.resolve(new Response(body.slice()));
  };
}
