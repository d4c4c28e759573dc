import { chmodSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { syncFile, syncFolder } from "@glowworm/platform";
import { UNFINISHED } from "../layout.ts";

const PRIVATE_FILE = 0o600;

/** Has a file written beside `to`, and gives it its name once it is on disk, mode 0600; what fails leaves nothing. */
export async function finished(to: string, write: (path: string) => Promise<void>): Promise<void> {
  const unfinished = to + UNFINISHED;
  rmSync(unfinished, { force: true });
  try {
    await write(unfinished);
    chmodSync(unfinished, PRIVATE_FILE);
    syncFile(unfinished);
    renameSync(unfinished, to);
  } finally {
    rmSync(unfinished, { force: true });
  }
  syncFolder(dirname(to));
}
