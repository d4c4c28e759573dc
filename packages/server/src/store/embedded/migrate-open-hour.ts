import { renameSync } from "node:fs";
import { dirname } from "node:path";
import { type Database, syncFolder } from "@glowworm/platform";
import { concat } from "@glowworm/protocol";
import { Checksum } from "./checksum.ts";
import { DamagedHourError, isCorruption } from "./damage.ts";
import { removeDatabase, UNFINISHED } from "./layout.ts";
import { OPEN_HOUR_SCHEMA, type OpenDatabase } from "./open-hour-file.ts";

const FIRST_FORMAT = 1;

interface FirstProgress {
  readonly first_segment: number;
  readonly closed_through: number;
}

interface FirstRow {
  readonly get_id: Buffer;
  readonly envelope: Buffer;
  readonly segment: number;
}

/** Writes an open hour of the first version anew in the present one. Reads it whole, once. @throws {DamagedHourError} */
export function migrateOpenHour(open: OpenDatabase, path: string): void {
  const unfinished = path + UNFINISHED;
  removeDatabase(unfinished);
  let old: Database | undefined;
  let made: Database | undefined;
  try {
    old = open(path);
    if (old.pragma("user_version", { simple: true }) !== FIRST_FORMAT) return;
    made = open(unfinished);
    copy(old, made);
  } catch (error) {
    if (isCorruption(error)) throw new DamagedHourError("is corrupt", { cause: error });
    throw error;
  } finally {
    made?.close();
    old?.close();
  }
  renameSync(unfinished, path);
  syncFolder(dirname(path));
}

function copy(old: Database, made: Database): void {
  const progress = old.prepare<[], FirstProgress>("SELECT * FROM progress").get();
  if (progress === undefined) throw new DamagedHourError("progress is missing");
  // Padding for pages (no segment) was never served: closing makes it anew.
  const rows = old.prepare<[], FirstRow>(
    "SELECT get_id, envelope, segment FROM reports WHERE segment IS NOT NULL",
  );
  const sums = new Map<number, Checksum>();
  for (let next = progress.first_segment; next <= progress.closed_through; next++) {
    sums.set(next, new Checksum());
  }
  made.transaction(() => {
    made.exec(OPEN_HOUR_SCHEMA);
    made.prepare("INSERT INTO progress VALUES (?)").run(progress.first_segment);
    const insert = made.prepare("INSERT INTO reports VALUES (?, ?)");
    for (const { get_id, envelope, segment } of rows.iterate()) {
      const record = concat(get_id, envelope);
      insert.run(segment, record);
      sums.get(segment)?.addAll(record);
    }
    const note = made.prepare("INSERT INTO segments VALUES (?, ?, ?)");
    for (const [segment, { records, sum }] of sums) note.run(segment, records, sum);
  })();
}
