import { join } from "node:path";
import { inFolder } from "./folder.ts";
import { runLoad } from "./load/run.ts";
import { type LoadResult, WARM_UP_SECONDS } from "./load/spec.ts";
import { limitRow, median, type Row, row } from "./measure.ts";
import { type Program, startForgetfulServer, startProgram, startServer } from "./server/program.ts";

const SCRIPT_CEILING = new URL("server/ceiling-main.js", import.meta.url).pathname;
const SCRIPT_NULL = new URL("server/null-main.js", import.meta.url).pathname;
const CONNECTIONS = 16;
/** At a fixed rate there may be more under way than that, for as long as something stalls. */
const CONNECTIONS_OPEN = 128;
const ROUNDS = 3;
const ROUND_SECONDS = 1.5;
const HALF_LOAD_SECONDS = 5;
const P99_LIMIT_MS = 250;
const BATCHES = [1, 8, 64] as const;

interface Peers {
  readonly server: Program;
  readonly forgetful: Program;
  readonly bare: Program;
  readonly ceiling: Program;
  readonly alone: Program;
}

/** Reports a second of every peer in one round. */
interface Round {
  readonly ours: number;
  readonly load: LoadResult;
  /** Microseconds of processor time that our server spent on an upload. */
  readonly cost: number;
  readonly forgetful: number;
  readonly bare: number;
  readonly ceiling: number;
  readonly store: number;
}

/**
 * Uploads over HTTP by batch size, beside what limits them; every peer in its own process and with its own store, so that
 * all stores have grown alike when a round begins.
 */
export async function benchIngest(): Promise<readonly Row[]> {
  return await inFolder(async (folder) => {
    const peers = {
      server: await startServer(join(folder, "server")),
      forgetful: await startForgetfulServer(join(folder, "forgetful")),
      bare: await startProgram([process.execPath, SCRIPT_NULL]),
      ceiling: await startProgram([process.execPath, SCRIPT_CEILING, join(folder, "ceiling")]),
      alone: await startProgram([process.execPath, SCRIPT_CEILING, join(folder, "alone")]),
    };
    try {
      const rows: Row[] = [];
      for (const records of BATCHES) rows.push(...(await benchBatch(peers, records)));
      return rows;
    } finally {
      for (const peer of Object.values(peers)) await peer.stop();
    }
  });
}

async function benchBatch(peers: Peers, records: number): Promise<readonly Row[]> {
  const rounds: Round[] = [];
  for (let turn = 0; turn < ROUNDS; turn++) rounds.push(await round(peers, records));
  const of = (pick: (round: Round) => number): number => median(rounds.map(pick));
  const name = `ingest by ${records}`;
  const plain = (what: string, unit: string, pick: (round: Round) => number): Row =>
    row(`${name}: ${what}`, of(pick), unit);
  const beside = (what: string, pick: (round: Round) => number): Row => {
    const ratio = of((one) => one.ours / pick(one));
    return row(`${name}: ${what}`, of(pick), "reports/s", ratio, "ours to it");
  };
  const rate = of((one) => one.ours);
  const share = of((one) => one.ours / one.ceiling);
  return [
    row(name, rate, "reports/s", share, "the store beside that load"),
    plain("processor time of an upload", "us", (one) => one.cost),
    plain("put off", "uploads", (one) => one.load.refused),
    plain("p50 at full load", "ms", (one) => one.load.latencies.p50),
    plain("p99 at full load", "ms", (one) => one.load.latencies.p99),
    beside("the store beside that load", (one) => one.ceiling),
    beside("the store alone", (one) => one.store),
    beside("the server without its store", (one) => one.forgetful),
    beside("node:http that answers 201", (one) => one.bare),
    ...(await benchHalfLoad(peers.server.url, name, records, rate / 2)),
  ];
}

/**
 * The ceiling is what the same store takes, from as many writers of the same batches, in a process that at the same
 * time parses and throws away as many uploads a second as our server has just taken.
 */
async function round(peers: Peers, records: number): Promise<Round> {
  const full = (url: string): Promise<LoadResult> => uploads(url, records, CONNECTIONS, null);
  const before = peers.server.cpuSeconds();
  const load = await full(peers.server.url);
  const cpuSeconds = peers.server.cpuSeconds() - before;
  const beside = uploads(peers.ceiling.url, records, CONNECTIONS_OPEN, load.perSecond);
  const [ceiling] = await Promise.all([direct(peers.ceiling.url, records), beside]);
  return {
    load,
    cost: (1e6 * cpuSeconds) / (load.perSecond * (ROUND_SECONDS + WARM_UP_SECONDS)),
    ours: load.perSecond * records,
    ceiling,
    store: await direct(peers.alone.url, records),
    forgetful: (await full(peers.forgetful.url)).perSecond * records,
    bare: (await full(peers.bare.url)).perSecond * records,
  };
}

/** Uploads sent at a fixed rate and timed from when they were due. */
export async function benchHalfLoad(
  url: string,
  name: string,
  records: number,
  reportsPerSecond: number,
): Promise<readonly Row[]> {
  const perSecond = reportsPerSecond / records;
  const { latencies } = await uploads(url, records, CONNECTIONS_OPEN, perSecond, HALF_LOAD_SECONDS);
  return [
    row(`${name}: p50 at half load`, latencies.p50, "ms"),
    limitRow(`${name}: p99 at half load`, latencies.p99, "ms", P99_LIMIT_MS),
  ];
}

/** Loads a server with random uploads. */
export function uploads(
  url: string,
  records: number,
  connections: number,
  perSecond: number | null,
  seconds: number = ROUND_SECONDS,
): Promise<LoadResult> {
  return runLoad({ url, seconds, connections, what: { records }, perSecond });
}

/** @returns reports a second. */
async function direct(url: string, records: number): Promise<number> {
  const seconds = ROUND_SECONDS + WARM_UP_SECONDS;
  const query = `records=${records}&writers=${CONNECTIONS}&seconds=${seconds}`;
  return Number(await (await fetch(`${url}/direct?${query}`)).text());
}
