import { type CryptoSuite, loadCrypto, type RandomSource } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { benchCryptography } from "./cryptography.ts";
import { benchDisk } from "./disk.ts";
import { benchFilters } from "./filters.ts";
import { benchFrames } from "./frames.ts";
import { benchIngest } from "./ingest.ts";
import { benchMatching } from "./matching.ts";
import type { Row } from "./measure.ts";
import { benchOneCore } from "./one-core.ts";
import { benchHour } from "./store/hours.ts";
import { benchWeeks } from "./store/week.ts";

type Bench = (crypto: CryptoSuite, random: RandomSource) => Promise<readonly Row[]>;

const SEED = 1;
const NAME_WIDTH = 56;
/** What runs when nothing is named. */
const SHORT: Readonly<Record<string, Bench>> = {
  cryptography: benchCryptography,
  frames: benchFrames,
  matching: benchMatching,
  filters: benchFilters,
  disk: benchDisk,
  ingest: benchIngest,
};
const BENCHES: Readonly<Record<string, Bench>> = {
  ...SHORT,
  "one-core": benchOneCore,
  "hour-1m": benchHour,
  "store-10m": benchWeeks,
};

function print(row: Row, isJson: boolean): void {
  const ratio = row.ratio === null ? "" : `${row.ratio} x ${row.against}`;
  const text = `${row.name.padEnd(NAME_WIDTH)} ${String(row.value).padStart(10)} ${row.unit.padEnd(12)} ${ratio}`;
  process.stdout.write(`${isJson ? JSON.stringify(row) : text}\n`);
}

const words = process.argv.slice(2);
const isJson = words.includes("--json");
const named = words.filter((word) => word !== "--json");
process.stderr.write(`seed ${SEED}\n`);
const crypto = await loadCrypto();
for (const name of named.length === 0 ? Object.keys(SHORT) : named) {
  const bench = BENCHES[name];
  if (bench === undefined) throw new Error(`${name}: choose from ${Object.keys(BENCHES)}`);
  for (const row of await bench(crypto, seededRandom(SEED))) print(row, isJson);
}
