import { constants, existsSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { isErrno } from "@glowworm/platform";
import { hourOfSegment } from "@glowworm/protocol";
import { DamagedHourError } from "../damage.ts";
import { type Layout, UNFINISHED } from "../layout.ts";
import { openSound, readNotes } from "../open-hour-file.ts";
import type { SegmentNote } from "../segment-file.ts";
import { checkSegment } from "../segment-source.ts";
import { finishAll } from "../segment-writer.ts";
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

/**
 * Copies an open hour as it is at one moment, while a server may write on: the database, and then the segments that it
 * notes, but not the small ones, which it holds. @throws {DamagedHourError} @throws `ENOENT` when the hour has closed meanwhile.
 */
export async function copyOpenHour(
  world: ToolWorld,
  source: Layout,
  target: Layout,
  hour: number,
): Promise<void> {
  await finished(target.openHour(hour), async (unfinished) => {
    // Notes only get more: these are all that the copy has, and perhaps the next one, which nobody will miss.
    const notes = openSound(world.openForReading, source.openHour(hour), (database) => {
      database.prepare("VACUUM INTO ?").run(unfinished);
      const found = readNotes(database);
      database.close();
      return found;
    });
    await world.pause();
    const large = notes.filter(({ content }) => content === null);
    for (const note of large) await copySegment(world, source, target, note);
    finishAll(large.map(({ segment }) => target.openSegment(segment)));
  });
}

async function copySegment(
  { crypto, pause }: ToolWorld,
  source: Layout,
  target: Layout,
  note: SegmentNote,
): Promise<void> {
  const unfinished = target.openSegment(note.segment) + UNFINISHED;
  try {
    await copyFile(source.openSegment(note.segment), unfinished);
  } catch (error) {
    const isThere = existsSync(source.openHour(hourOfSegment(note.segment)));
    if (!(isThere && isErrno(error, "ENOENT"))) throw error;
    throw new DamagedHourError(`segment ${note.segment} is missing`, { cause: error });
  }
  checkSegment(crypto, unfinished, note);
  await pause();
}
