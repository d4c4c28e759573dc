import { loadCrypto } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { benchCryptography } from "./cryptography.ts";
import { benchFrames } from "./frames.ts";
import { benchIngest } from "./ingest.ts";
import { benchMatching } from "./matching.ts";
import type { Row } from "./measure.ts";

const SEED = 1;
const isJson = process.argv.includes("--json");

function print(row: Row): void {
  const ratio = row.ratio === null ? "" : `${row.ratio} x ${row.against}`;
  const text = `${row.name.padEnd(36)} ${String(row.value).padStart(10)} ${row.unit.padEnd(12)} ${ratio}`;
  process.stdout.write(`${isJson ? JSON.stringify(row) : text}\n`);
}

process.stderr.write(`seed ${SEED}\n`);
const crypto = await loadCrypto();
const random = seededRandom(SEED);
for (const bench of [benchCryptography, benchFrames, benchMatching, benchIngest]) {
  for (const row of await bench(crypto, random)) print(row);
}
