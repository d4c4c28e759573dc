import { constants } from "node:fs";
import { copyFile } from "node:fs/promises";
import { openSound } from "../open-hour-file.ts";
import { checkClosedHour } from "./check-hours.ts";
import { finished } from "./finished.ts";
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
