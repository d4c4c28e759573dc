import { randomBytes } from "node:crypto";
import { type CryptoSuite, loadCrypto, PAGE_RECORDS } from "@glowworm/protocol";
import { FakeClock } from "@glowworm/protocol/testing";
import type { ReportStore } from "@glowworm/server";
import { openCassandraStore } from "@glowworm/server/cassandra";
import { randomReports } from "../server/direct-writers.ts";
import { DATACENTER, startCluster } from "./cluster.ts";

const BATCH = 64;
const WRITERS = 16;
const WARM_UP_MS = 5000;
const INGEST_MS = 20_000;
const SEGMENT_MS = 30_000;
const HOUR_MS = 3_600_000;
const LOOKUPS = 300;
const START_MS = Date.UTC(2026, 0, 1);

/** One line of output. */
interface Measured {
  readonly nodes: number;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

/** How long calls took, in milliseconds. */
class Durations {
  readonly #all: number[] = [];

  async of<T>(call: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const result = await call();
    this.#all.push(performance.now() - began);
    return result;
  }

  get count(): number {
    return this.#all.length;
  }

  percentile(share: number): number {
    const sorted = [...this.#all].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  }
}

/** Ingest and lookup over one and over three nodes, all on this machine. `--json` prints lines of JSON. */
async function main(): Promise<void> {
  const crypto = await loadCrypto();
  for (const nodes of [1, 3]) {
    process.stderr.write(`starting ${nodes} node(s)\n`);
    const cluster = await startCluster(nodes);
    try {
      const contactPoints = cluster.nodes.map((node) => node.place.address);
      for await (const line of benchStore(crypto, contactPoints)) print({ nodes, ...line });
    } finally {
      await cluster.stop();
    }
  }
}

async function* benchStore(
  crypto: CryptoSuite,
  contactPoints: readonly string[],
): AsyncGenerator<Omit<Measured, "nodes">> {
  const clock = new FakeClock(START_MS);
  const store = await openCassandraStore({
    crypto,
    clock,
    random: { bytes: randomBytes },
    retentionDays: 1,
    contactPoints,
    localDatacenter: DATACENTER,
    keyspace: "bench",
    replication: contactPoints.length,
  });
  try {
    await store.maintain();
    await ingest(store, clock, WARM_UP_MS);
    const puts = await ingest(store, clock, INGEST_MS);
    const rate = (1000 * puts.count * BATCH) / INGEST_MS;
    yield { name: `ingest, batches of ${BATCH}`, value: rate, unit: "reports/s" };
    yield { name: "ingest p50", value: puts.percentile(0.5), unit: "ms" };
    yield { name: "ingest p99", value: puts.percentile(0.99), unit: "ms" };
    yield* benchHour(store, clock);
  } finally {
    await store.close();
  }
}

async function* benchHour(
  store: ReportStore,
  clock: FakeClock,
): AsyncGenerator<Omit<Measured, "nodes">> {
  clock.advance(HOUR_MS + 120_000);
  const closing = new Durations();
  await closing.of(() => store.maintain());
  const [closed] = (await store.published()).hours;
  if (closed === undefined) throw new Error("no hour was closed");
  const { hour, pages } = closed;
  yield { name: "records of the closed hour", value: pages * PAGE_RECORDS, unit: "records" };
  yield { name: "closing it", value: closing.percentile(0), unit: "ms" };
  const page = new Durations();
  const manifest = new Durations();
  const filter = new Durations();
  for (let lookup = 0; lookup < LOOKUPS; lookup++) {
    await page.of(() => store.page(hour, (lookup * 7919) % pages));
    if (lookup % 10 === 0) await manifest.of(() => store.manifest(hour));
    if (lookup % 10 === 0) await filter.of(() => store.filter(hour));
  }
  for (const [name, durations] of Object.entries({ page, manifest, filter })) {
    yield { name: `${name} p50`, value: durations.percentile(0.5), unit: "ms" };
    yield { name: `${name} p99`, value: durations.percentile(0.99), unit: "ms" };
  }
}

/** Segments are closed beside it thirty times as often as they are in earnest. */
async function ingest(store: ReportStore, clock: FakeClock, ms: number): Promise<Durations> {
  const puts = new Durations();
  const until = performance.now() + ms;
  const writer = async (): Promise<void> => {
    while (performance.now() < until) await puts.of(() => store.put(randomReports(BATCH)));
  };
  const closer = async (): Promise<void> => {
    while (performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, SEGMENT_MS / 30));
      clock.advance(SEGMENT_MS);
      await store.maintain();
    }
  };
  await Promise.all([closer(), ...Array.from({ length: WRITERS }, writer)]);
  return puts;
}

function print({ nodes, name, value, unit }: Measured): void {
  const rounded = Number(value.toPrecision(3));
  const isJson = process.argv.includes("--json");
  const line = isJson
    ? JSON.stringify({ nodes, name, value: rounded, unit })
    : `${nodes} node(s)  ${name.padEnd(28)} ${String(rounded).padStart(9)} ${unit}`;
  process.stdout.write(`${line}\n`);
}

await main();
