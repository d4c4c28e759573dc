import { existsSync } from "node:fs";
import { type Database, errorCode, isErrno } from "@glowworm/platform";
import { DecodeError, decodeManifest, hourOfSegment, PAGE_RECORDS } from "@glowworm/protocol";
import { checkFrame, checkPages } from "../closed/hour-check.ts";
import { SPANS } from "../closed/hour-file.ts";
import { DamagedHourError, isCorruption } from "../damage.ts";
import type { Layout } from "../layout.ts";
import { openSound, readNotes } from "../open/open-hour-file.ts";
import { Runs } from "../open/runs.ts";
import { readSpan, withFile } from "../segments/file-spans.ts";
import type { FiledSegment } from "../segments/segment-file.ts";
import { checkContent, checkSegment } from "../segments/segment-source.ts";
import type { ToolWorld } from "./tool-world.ts";

/** Pages between two pauses: 2 MB. */
const PAGES_AT_ONCE = 64;

/** Reads every byte of a closed hour. @returns its records. @throws {DamagedHourError} */
export async function checkClosedHour(
  { crypto, pause }: ToolWorld,
  path: string,
  hour: number,
): Promise<number> {
  const { pages } = checkFrame(crypto, path, hour);
  withFile(path, (fd) => decodeManifest(readSpan(fd, SPANS.manifest(pages))));
  for (let page = 0; page < pages; page += PAGES_AT_ONCE) {
    checkPages(crypto, path, pages, page, Math.min(pages, page + PAGES_AT_ONCE));
    await pause();
  }
  return pages * PAGE_RECORDS;
}

/** What an open hour's database holds. */
export interface CheckedOpenHour {
  /** Of its closed segments. */
  readonly notes: readonly FiledSegment[];
  /** Records that are in no closed segment yet. */
  readonly waiting: number;
}

/** Reads every run of an open hour. @throws {DamagedHourError} */
export async function checkOpenHour(
  { openForReading, pause }: ToolWorld,
  path: string,
): Promise<CheckedOpenHour> {
  const database = openSound(openForReading, path, (opened) => opened);
  try {
    for (const _ of new Runs(database).all());
    await pause();
    return database.transaction(() => {
      const notes = readNotes(database);
      return { notes, waiting: waitingRecords(database, notes) };
    })();
  } finally {
    database.close();
  }
}

/** How many records of an open hour with these closed segments are in none of them. */
export function waitingRecords(database: Database, notes: readonly FiledSegment[]): number {
  return new Runs(database).recordsAfter(notes.at(-1)?.segment ?? -1);
}

/**
 * Reads every byte of a closed segment of an open hour; of a small one what the next start would write into its file. @returns its records, or none when the hour has closed meanwhile.
 * @throws {DamagedHourError}
 */
export async function checkOpenSegment(
  { crypto, pause }: ToolWorld,
  layout: Layout,
  note: FiledSegment,
): Promise<number> {
  try {
    if (note.content === null) checkSegment(crypto, layout.openSegment(note.segment), note);
    else checkContent(crypto, note, note.content);
  } catch (error) {
    if (existsSync(layout.openHour(hourOfSegment(note.segment)))) throw error;
    return 0;
  }
  await pause();
  return note.records;
}

/** Why the file of an hour cannot be used; null when it has gone since it was listed. @throws what is no fault of the file. */
export function reasonOf(error: unknown): string | null {
  if (isErrno(error, "ENOENT")) return null;
  if (error instanceof DamagedHourError || error instanceof DecodeError) return error.message;
  if (isCorruption(error)) return "is corrupt";
  if (isErrno(error, "EIO") || errorCode(error).startsWith("SQLITE_IOERR")) return "cannot be read";
  throw error;
}
