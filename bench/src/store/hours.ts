import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { inFolder } from "../folder.ts";
import type { Row } from "../measure.ts";

const MAIN = new URL("hour-main.js", import.meta.url).pathname;
const run = promisify(execFile);

/** An hour of a million reports, open and closing. */
export async function benchHour(): Promise<readonly Row[]> {
  return await inFolder(async (folder) => {
    const args = [MAIN, join(folder, "store"), "1000000"];
    const { stdout } = await run(process.execPath, args);
    return JSON.parse(stdout) as readonly Row[];
  });
}
