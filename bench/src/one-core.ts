import { join } from "node:path";
import { inFolder } from "./folder.ts";
import { benchHalfLoad, uploads } from "./ingest.ts";
import { limitRow, type Row, row } from "./measure.ts";
import { startServer } from "./server/program.ts";

const BATCHES = [1, 8, 64] as const;
const CONNECTIONS = 16;
const SECONDS = 3;
const MEMORY_LIMIT_MB = 300;

/** A server that may use one core of this machine only, as on a small one; its load comes from the others. Needs `taskset`. */
export async function benchOneCore(): Promise<readonly Row[]> {
  return await inFolder(async (folder) => {
    const server = await startServer(join(folder, "server"), { prefix: ["taskset", "-c", "0"] });
    const idle = server.memory().now;
    try {
      const rows: Row[] = [row("one core: memory of an empty server", idle, "MB")];
      for (const records of BATCHES) {
        const load = await uploads(server.url, records, CONNECTIONS, null, SECONDS);
        const rate = load.perSecond * records;
        rows.push(row(`one core: ingest by ${records}`, rate, "reports/s"));
        rows.push(
          ...(await benchHalfLoad(server.url, `one core: ingest by ${records}`, records, rate / 2)),
        );
      }
      rows.push(limitRow("one core: memory at most", server.memory().peak, "MB", MEMORY_LIMIT_MB));
      return rows;
    } finally {
      await server.stop();
    }
  });
}
