import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CacheTrouble, IdTable, loadCandidates, matchRecords } from "@glowworm/owner";
import {
  type CryptoSuite,
  DAY_SECONDS,
  dayOf,
  PAGE_RECORDS,
  type RandomSource,
  STORED_RECORD_BYTES,
} from "@glowworm/protocol";
import { type Row, time } from "./measure.ts";

const NOW = 1_780_000_000;
const YEAR_DAYS = 365;
const LIMIT_MS = 100;
/** A week on a quiet server: one page an hour. */
const WEEK_RECORDS: number = 7 * 24 * PAGE_RECORDS;

/** Reading a cached year of ids and matching a week of records against it. */
export async function benchMatching(
  crypto: CryptoSuite,
  random: RandomSource,
): Promise<readonly Row[]> {
  const cacheFolder = mkdtempSync(join(tmpdir(), "glowworm-bench-"));
  const { signal } = new AbortController();
  const deps = { crypto, cacheFolder, trouble: new CacheTrouble(), signal, onDays: () => {} };
  const since = NOW - (YEAR_DAYS - 2) * DAY_SECONDS;
  const device = { number: 1, key: random.bytes(32), since };
  const records = random.bytes(WEEK_RECORDS * STORED_RECORD_BYTES);
  try {
    const { ids } = await loadCandidates(deps, device, dayOf(NOW));
    records.set(ids.subarray(0, 16), STORED_RECORD_BYTES);
    const row = await time(
      `match a cached year of ids with ${WEEK_RECORDS} records`,
      LIMIT_MS,
      async () => {
        const candidates = await loadCandidates(deps, device, dayOf(NOW));
        const hits = matchRecords(new IdTable(candidates.ids), records);
        if (hits.length !== 1) throw new Error(`expected the planted hit, got ${hits.length}`);
      },
    );
    return [row];
  } finally {
    rmSync(cacheFolder, { recursive: true });
  }
}
