import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { inFolder } from "./folder.ts";
import { latenciesOf } from "./load/latencies.ts";
import { milliseconds, type Row, row } from "./measure.ts";

const APPENDS = 1000;
const APPEND_BYTES = 4096;

/** What a durable write costs on this disk at least: appending 4 KiB and waiting until it is there. */
export async function benchDisk(): Promise<readonly Row[]> {
  return await inFolder(async (folder) => {
    const fd = openSync(join(folder, "appended"), "a");
    const times: number[] = [];
    for (let n = 0; n < APPENDS; n++) {
      times.push(
        await milliseconds(() => {
          writeSync(fd, new Uint8Array(APPEND_BYTES));
          fdatasyncSync(fd);
        }),
      );
    }
    closeSync(fd);
    const { p50, p99 } = latenciesOf(times);
    return [
      row("disk: append 4 KiB and fdatasync", 1000 / p50, "commits/s"),
      row("disk: the same, p99", p99, "ms"),
    ];
  });
}
