import { setTimeout as delay } from "node:timers/promises";
import { FILTER_FREE_PAGES, type HoursList, PATHS, segmentOf } from "@glowworm/protocol";
import { runLoad } from "../load/run.ts";
import { limitRow, median, milliseconds, type Row, row } from "../measure.ts";

const READS_PER_SECOND = 100;
const SECONDS = 4;
const CONNECTIONS = 32;
const LIMIT_MS = 100;
const SEGMENT_READS = 5;
const POLL_MS = 250;

/** Requests of owners for everything that is published, at a fixed rate and timed from when they were due. */
export async function benchReads(url: string, label: string): Promise<readonly Row[]> {
  const { hours } = await listOf(url);
  const large = hours.filter(({ pages }) => pages > FILTER_FREE_PAGES);
  const kinds: Readonly<Record<string, readonly string[]>> = {
    "list of hours": [PATHS.hours],
    manifest: hours.map(({ hour }) => PATHS.manifest(hour)),
    page: hours.flatMap(({ hour, pages }) =>
      Array.from({ length: pages }, (_, page) => PATHS.page(hour, page)),
    ),
    filter: large.map(({ hour }) => PATHS.filter(hour)),
  };
  const rows: Row[] = [];
  for (const [kind, paths] of Object.entries(kinds)) {
    if (paths.length > 0) rows.push(...(await benchKind(url, `${label}: ${kind}`, paths)));
  }
  return rows;
}

async function benchKind(
  url: string,
  name: string,
  paths: readonly string[],
): Promise<readonly Row[]> {
  const load = { url, seconds: SECONDS, connections: CONNECTIONS, what: { paths } };
  const { latencies } = await runLoad({ ...load, perSecond: READS_PER_SECOND });
  return [
    row(`${name}, p50`, latencies.p50, "ms"),
    limitRow(`${name}, p99`, latencies.p99, "ms", LIMIT_MS),
  ];
}

/** The segment of this moment once it is closed, which owners who watch ask for. */
export async function benchSegment(url: string, label: string): Promise<readonly Row[]> {
  const segment = segmentOf(Math.floor(Date.now() / 1000));
  while (((await listOf(url)).open?.last ?? 0) < segment) await delay(POLL_MS);
  let bytes = 0;
  const times: number[] = [];
  for (let read = 0; read < SEGMENT_READS; read++) {
    times.push(
      await milliseconds(async () => {
        const answer = await fetch(url + PATHS.segment(segment));
        bytes = (await answer.arrayBuffer()).byteLength;
      }),
    );
  }
  return [
    row(`${label}: newest segment`, bytes / 1e6, "MB"),
    row(`${label}: newest segment, first request`, times[0] ?? Number.NaN, "ms"),
    row(`${label}: newest segment, later ones`, median(times.slice(1)), "ms"),
  ];
}

async function listOf(url: string): Promise<HoursList> {
  return (await (await fetch(url + PATHS.hours)).json()) as HoursList;
}
