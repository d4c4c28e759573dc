import { execFileSync } from "node:child_process";
import {
  buildFilter,
  type CryptoSuite,
  decodeFilter,
  GET_ID_BYTES,
  type RandomSource,
} from "@glowworm/protocol";
import { benchAgain } from "./again.ts";
import { compare, limitRow, median, milliseconds, type Row, row } from "./measure.ts";

const SCRIPT_MEMORY = new URL("filter-main.js", import.meta.url).pathname;
const IDS = 1_000_000;
/** So many that a process needs more for them than it ever had. */
const MEMORY_IDS = 4_000_000;
const BUILDS = 3;
const BUILD_LIMIT_MS = 1000;
const STRANGERS = 1_000_000;
const STRANGER_ROUNDS = 10;
const WEEK_FILTERS = 7 * 24;
/** Epochs of a week and of the three days around it that a lookup searches as well. */
const WEEK_CANDIDATES = 10 * 288;
const HOUR_IDS = 60_000;
const MATCH_LIMIT_MS = 100;

/** Building the filter of a large hour, what it takes, and asking the filters of a week for every id of a device, once and again. */
export async function benchFilters(
  crypto: CryptoSuite,
  random: RandomSource,
): Promise<readonly Row[]> {
  const ids = random.bytes(IDS * GET_ID_BYTES);
  const built: number[] = [];
  let bytes: Uint8Array = new Uint8Array();
  for (let build = 0; build < BUILDS; build++) {
    built.push(
      await milliseconds(() => {
        bytes = buildFilter(ids, random);
      }),
    );
  }
  return [
    limitRow(`filter of ${IDS} ids: build`, median(built), "ms", BUILD_LIMIT_MS),
    row("filter of a million ids: size", bytes.length / IDS, "B/id"),
    row("filter of four million ids: memory at most, beside the ids", memory(), "B/id"),
    strangers(bytes, random),
    await probes(bytes, ids),
    await matchWeek(random),
    ...(await benchAgain(crypto, random)),
  ];
}

function memory(): number {
  return Number(
    execFileSync(process.execPath, [SCRIPT_MEMORY, String(MEMORY_IDS)], { encoding: "utf8" }),
  );
}

function strangers(bytes: Uint8Array, random: RandomSource): Row {
  const filter = decodeFilter(bytes);
  let passed = 0;
  for (let round = 0; round < STRANGER_ROUNDS; round++) {
    const ids = random.bytes(STRANGERS * GET_ID_BYTES);
    for (let at = 0; at < ids.length; at += GET_ID_BYTES) {
      if (filter.has(ids, at)) passed += 1;
    }
  }
  return row("filter: strangers it lets in, of ten million", passed, "ids");
}

async function probes(bytes: Uint8Array, ids: Uint8Array): Promise<Row> {
  const filter = decodeFilter(bytes);
  const known = new Set<string>();
  const few = Array.from({ length: 1000 }, (_, n) => ids.subarray(n * 16, n * 16 + GET_ID_BYTES));
  const names = few.map((id) => Buffer.from(id).toString("latin1"));
  for (const name of names) known.add(name);
  let found = 0;
  const result = await compare(
    "filter: probe",
    "ids/s",
    () => {
      for (const id of few) if (filter.has(id)) found += 1;
      return few.length;
    },
    "a Set of strings that holds them all",
    () => {
      for (const name of names) if (known.has(name)) found += 1;
      return names.length;
    },
  );
  if (found === 0) throw new Error("the filter knows none of its ids");
  return result;
}

async function matchWeek(random: RandomSource): Promise<Row> {
  const bytes = buildFilter(random.bytes(HOUR_IDS * GET_ID_BYTES), random);
  const filters = Array.from({ length: WEEK_FILTERS }, () => decodeFilter(bytes.slice()));
  const candidates = random.bytes(WEEK_CANDIDATES * GET_ID_BYTES);
  const times: number[] = [];
  for (let round = 0; round < BUILDS; round++) {
    times.push(
      await milliseconds(() => {
        for (const filter of filters) {
          for (let at = 0; at < candidates.length; at += GET_ID_BYTES) {
            filter.has(candidates, at);
          }
        }
      }),
    );
  }
  const name = `filters of ${WEEK_FILTERS} hours: ask each for ${WEEK_CANDIDATES} candidate ids`;
  return limitRow(name, median(times), "ms", MATCH_LIMIT_MS);
}
