import { cpus, release, totalmem } from "node:os";
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
const NAME_WIDTH = 60;
/** What runs when nothing is named. */
const SHORT: Readonly<Record<string, Bench>> = {
  cryptography: benchCryptography,
  frames: benchFrames,
  matching: benchMatching,
  filters: benchFilters,
  disk: benchDisk,
  ingest: benchIngest,
};
/** `all` runs these too, which is ten minutes and needs 4 GB of disk. */
const BENCHES: Readonly<Record<string, Bench>> = {
  ...SHORT,
  "one-core": benchOneCore,
  "hour-1m": benchHour,
  "store-10m": benchWeeks,
};

type Print = (row: Row) => void;

const PRINTERS: Readonly<Record<string, Print>> = {
  "--text": (row) => {
    const { name, value, unit } = row;
    const ratio = row.ratio === null ? "" : `${row.ratio} x ${row.against}`;
    write(
      `${name.padEnd(NAME_WIDTH)} ${String(value).padStart(10)} ${unit.padEnd(12)} ${ratio}`.trimEnd(),
    );
  },
  "--json": (row) => write(JSON.stringify(row)),
  "--markdown": ({ name, value, unit, ratio, against }) =>
    write(`| ${name} | ${value} | ${unit} | ${ratio ?? ""} | ${against ?? ""} |`),
};

function write(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** What the numbers depend on. */
function machine(): string {
  const [core] = cpus();
  const memory = `${Math.round(totalmem() / 1e9)} GB`;
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, ${cpus().length} cores of ${core?.model}, ${memory}, ${release()}, Node ${process.version}, seed ${SEED}`;
}

function namesIn(words: readonly string[]): readonly string[] {
  if (words.length === 0) return Object.keys(SHORT);
  if (words.length === 1 && words[0] === "all") return Object.keys(BENCHES);
  return words;
}

const words = process.argv.slice(2);
const style = words.find((word) => word.startsWith("--")) ?? "--text";
const print = PRINTERS[style];
if (print === undefined) throw new Error(`${style}: choose from ${Object.keys(PRINTERS)}`);
if (style === "--markdown") {
  write(
    `${machine()}\n\n| what | value | unit | ratio | to what |\n| --- | ---: | --- | ---: | --- |`,
  );
} else process.stderr.write(`${machine()}\n`);
const crypto = await loadCrypto();
for (const name of namesIn(words.filter((word) => !word.startsWith("--")))) {
  const bench = BENCHES[name];
  if (bench === undefined) throw new Error(`${name}: choose from ${Object.keys(BENCHES)} or all`);
  process.stderr.write(`${name} ...\n`);
  for (const row of await bench(crypto, seededRandom(SEED))) print(row);
}
