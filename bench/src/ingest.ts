import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { systemClock, systemRandom } from "@glowworm/platform";
import {
  type CryptoSuite,
  ENVELOPE_BYTES,
  GET_ID_BYTES,
  type RandomSource,
} from "@glowworm/protocol";
import { type NewReport, openEmbeddedStore, type ReportStore, Server } from "@glowworm/server";
import { compareRates, type Row } from "./measure.ts";

const BATCH_RECORDS = 64;
const CONNECTIONS = 16;
const ROUND_SECONDS = 2;
const RETENTION_DAYS = 1;
const run = promisify(execFile);

/** Uploads over HTTP from another process, beside the same batches put into the same kind of store directly. */
export async function benchIngest(
  crypto: CryptoSuite,
  random: RandomSource,
): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "glowworm-bench-"));
  const world = { crypto, clock: systemClock, random: systemRandom, retentionDays: RETENTION_DAYS };
  const dataFolder = join(folder, "server");
  const server = new Server({ ...world, dataFolder, host: "127.0.0.1", port: 0 });
  const store = await openEmbeddedStore({ ...world, folder: join(folder, "store") });
  const { url } = await server.start();
  try {
    const row = await compareRates(
      `ingest over HTTP, batches of ${BATCH_RECORDS}`,
      "reports/s",
      () => httpRate(url),
      `${CONNECTIONS} writers of the same batches into the same store, no HTTP`,
      () => storeRate(store, random),
    );
    return [row];
  } finally {
    await server.stop();
    await store.close();
    rmSync(folder, { recursive: true });
  }
}

async function httpRate(url: string): Promise<number> {
  const load = new URL("load.js", import.meta.url).pathname;
  const args = [load, url, ROUND_SECONDS, CONNECTIONS, BATCH_RECORDS].map(String);
  const { stdout } = await run(process.execPath, args);
  const { acknowledged, elapsedSeconds } = JSON.parse(stdout) as {
    acknowledged: number;
    elapsedSeconds: number;
  };
  return acknowledged / elapsedSeconds;
}

async function storeRate(store: ReportStore, random: RandomSource): Promise<number> {
  const began = performance.now();
  const until = began + ROUND_SECONDS * 1000;
  let stored = 0;
  const writer = async (): Promise<void> => {
    while (performance.now() < until) {
      await store.put(Array.from({ length: BATCH_RECORDS }, () => newReport(random)));
      stored += BATCH_RECORDS;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, writer));
  return (1000 * stored) / (performance.now() - began);
}

function newReport(random: RandomSource): NewReport {
  return { getId: random.bytes(GET_ID_BYTES), envelope: random.bytes(ENVELOPE_BYTES) };
}
