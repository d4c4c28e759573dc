import { existsSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { type Database, Failure, isErrno, syncFolder } from "@glowworm/platform";
import type { CryptoSuite } from "@glowworm/protocol";
import { DamagedHourError } from "../damage.ts";
import { type Layout, UNFINISHED } from "../layout.ts";
import { isLogDamaged } from "../open/log-check.ts";
import { makeOpenHour, type OpenDatabase, writeNotes } from "../open/open-hour-file.ts";
import { Runs } from "../open/runs.ts";
import type { Wait } from "../reread.ts";
import { type FiledSegment, publishedParts } from "../segments/segment-file.ts";
import { type SegmentToFile, writeFiles } from "../segments/segment-writer.ts";
import { OldOpenHour } from "./old-open-hour.ts";

/** What a migration stands on. */
export interface MigrationWorld {
  readonly layout: Layout;
  readonly crypto: CryptoSuite;
  readonly openDatabase: OpenDatabase;
  readonly wait: Wait;
}

/**
 * Writes an open hour of an older version anew in the present one: closed segments into files with the bytes that were
 * served, the others into runs. The new database takes its place last, so that the next start begins again if this one is
 * cut off. Reads the hour once. @throws {DamagedHourError}
 */
export function migrateOpenHour(world: MigrationWorld, hour: number): void {
  const path = world.layout.openHour(hour);
  if (isLogDamaged(path)) throw new DamagedHourError("its log is damaged");
  const unfinished = path + UNFINISHED;
  let database: Database | undefined;
  try {
    database = world.openDatabase(path);
    const old = OldOpenHour.of(database);
    if (old === null) return;
    const notes = filed(world, old);
    makeOpenHour(world.openDatabase, unfinished, old.firstSegment, (made) => {
      writeNotes(made, notes);
      writeRuns(made, old);
    });
    endLog(database, path);
  } finally {
    database?.close();
  }
  renameSync(unfinished, path);
  syncFolder(dirname(path));
}

/** A log of the old database beside the new one would be played back into it. @throws {Failure} when somebody reads it. */
function endLog(database: Database, path: string): void {
  database.pragma("busy_timeout = 0");
  try {
    // Only who has a database alone may end its log, which copies all of it into the database and removes it.
    database.pragma("journal_mode = DELETE");
  } catch (cause) {
    if (!isErrno(cause, "SQLITE_BUSY")) throw cause;
    const remedy = "end what reads it, such as a backup or sqlite3, and start again";
    throw new Failure("failure", `${path}: is read by somebody else`, remedy, { cause });
  }
  database.close();
  if (existsSync(`${path}-wal`)) throw new Error("its log is still there");
  syncFolder(dirname(path));
}

function filed({ crypto, layout }: MigrationWorld, old: OldOpenHour): readonly FiledSegment[] {
  return writeFiles(crypto, closedSegments(layout, old));
}

function* closedSegments(layout: Layout, old: OldOpenHour): Generator<SegmentToFile> {
  for (const { segment, isClosed } of old.segments) {
    if (!isClosed) continue;
    const records = old.records(segment);
    const parts = publishedParts(segment, records.length, records);
    yield { segment, records: records.length, parts, to: layout.openSegment(segment) };
  }
}

function writeRuns(made: Database, old: OldOpenHour): void {
  const runs = new Runs(made);
  let next = 1;
  for (const { segment, isClosed } of old.segments) {
    if (isClosed) continue;
    next += runs.append(next, segment, Buffer.concat(old.records(segment))).length;
  }
}
