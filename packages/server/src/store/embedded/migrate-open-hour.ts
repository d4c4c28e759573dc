import { renameSync } from "node:fs";
import { dirname } from "node:path";
import { type Database, syncFolder } from "@glowworm/platform";
import type { CryptoSuite } from "@glowworm/protocol";
import { DamagedHourError, isCorruption } from "./damage.ts";
import { type Layout, removeDatabase, UNFINISHED } from "./layout.ts";
import { isLogDamaged } from "./log-check.ts";
import { OldOpenHour } from "./old-open-hour.ts";
import { OPEN_HOUR_SCHEMA, type OpenDatabase, writeNotes } from "./open-hour-file.ts";
import { Runs } from "./runs.ts";
import { type FiledSegment, publishedParts } from "./segment-file.ts";
import { type SegmentToFile, writeFiles } from "./segment-writer.ts";

/** What a migration stands on. */
export interface MigrationWorld {
  readonly layout: Layout;
  readonly crypto: CryptoSuite;
  readonly openDatabase: OpenDatabase;
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
  removeDatabase(unfinished);
  let database: Database | undefined;
  let made: Database | undefined;
  try {
    database = world.openDatabase(path);
    const old = OldOpenHour.of(database);
    if (old === null) return;
    const notes = filed(world, old);
    made = world.openDatabase(unfinished);
    writeDatabase(made, old, notes);
  } catch (error) {
    if (isCorruption(error)) throw new DamagedHourError("is corrupt", { cause: error });
    throw error;
  } finally {
    made?.close();
    database?.close();
  }
  renameSync(unfinished, path);
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

function writeDatabase(made: Database, old: OldOpenHour, notes: readonly FiledSegment[]): void {
  made.transaction(() => {
    made.exec(OPEN_HOUR_SCHEMA);
    made.prepare("INSERT INTO progress VALUES (?)").run(old.firstSegment);
    writeNotes(made, notes);
    const runs = new Runs(made);
    let next = 1;
    for (const { segment, isClosed } of old.segments) {
      if (isClosed) continue;
      next += runs.append(next, segment, Buffer.concat(old.records(segment))).length;
    }
  })();
}
