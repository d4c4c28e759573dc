import { closeSync, constants, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder } from "@glowworm/platform";
import { UNFINISHED } from "../layout.ts";
import { openSound } from "../open-hour-file.ts";
import { checkClosedHour } from "./check-hours.ts";
import type { ToolWorld } from "./tool-world.ts";

/** Copies a closed hour: there whole and on disk under its name, checked after copying, or not at all. @throws {DamagedHourError} */
export async function copyClosedHour(
  world: ToolWorld,
  from: string,
  to: string,
  hour: number,
): Promise<void> {
  await finished(to, async (unfinished) => {
    await copyFile(from, unfinished, constants.COPYFILE_EXCL);
    await checkClosedHour(world, unfinished, hour);
  });
}

/** Copies an open hour as it is at one moment, while a server may write on. @throws {DamagedHourError} */
export async function copyOpenHour(world: ToolWorld, from: string, to: string): Promise<void> {
  await finished(to, async (unfinished) => {
    openSound(world.openForReading, from, (database) => {
      database.prepare("VACUUM INTO ?").run(unfinished);
      database.close();
    });
    await world.pause();
  });
}

async function finished(to: string, write: (path: string) => Promise<void>): Promise<void> {
  const unfinished = to + UNFINISHED;
  rmSync(unfinished, { force: true });
  try {
    await write(unfinished);
    syncFile(unfinished);
    renameSync(unfinished, to);
  } finally {
    rmSync(unfinished, { force: true });
  }
  syncFolder(dirname(to));
}

function syncFile(path: string): void {
  const fd = openSync(path, "r+");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
