import type { Database } from "@glowworm/platform";
import { DamagedHourError } from "../damage.ts";
import { removeDatabase } from "../layout.ts";
import type { FiledSegment } from "../segments/segment-file.ts";

/** Opens a database; handed in so that a test can give one that fails. */
export type OpenDatabase = (path: string) => Database;

/** What `user_version` says of a database of this layout. */
const OPEN_HOUR_FORMAT = 3;

/**
 * `runs`: what each commit stored, records of 129 bytes in order, so that nothing shows which came first, and a CRC-32 of
 * them. A commit only ever appends. `segments`: the closed ones, whose records are in files, and the content of small files.
 */
const OPEN_HOUR_SCHEMA: string = `
  CREATE TABLE runs (
    run INTEGER PRIMARY KEY, segment INTEGER NOT NULL, records BLOB NOT NULL, checksum INTEGER NOT NULL
  );
  CREATE TABLE segments (
    segment INTEGER PRIMARY KEY, records INTEGER NOT NULL, checksum INTEGER NOT NULL, content BLOB
  );
  CREATE TABLE progress (first_segment INTEGER NOT NULL);
  PRAGMA user_version = ${OPEN_HOUR_FORMAT};
`;

/**
 * Makes a database of this layout under a name that is not its last: whole and on disk in that one file when it returns.
 * Without a log, so that nothing can be left in one that goes with the name.
 */
export function makeOpenHour(
  open: OpenDatabase,
  path: string,
  firstSegment: number,
  fill: (database: Database) => void,
): void {
  removeDatabase(path);
  const database = open(path);
  try {
    database.pragma("page_size = 8192");
    database.pragma("journal_mode = DELETE");
    database.exec("VACUUM");
    database.transaction(() => {
      database.exec(OPEN_HOUR_SCHEMA);
      database.prepare("INSERT INTO progress VALUES (?)").run(firstSegment);
      fill(database);
    })();
  } finally {
    database.close();
  }
}

/**
 * Opens a database of this layout, and closes it again when `use` fails.
 * @throws {DamagedHourError} when it is not one.
 */
export function openSound<T>(open: OpenDatabase, path: string, use: (database: Database) => T): T {
  let database: Database | undefined;
  try {
    database = open(path);
    const format = database.pragma("user_version", { simple: true });
    if (format !== OPEN_HOUR_FORMAT) throw new DamagedHourError("is not an open hour");
    return use(database);
  } catch (error) {
    database?.close();
    throw error;
  }
}

/** First segment that exists of an open hour. @throws {DamagedHourError} */
export function readFirstSegment(database: Database): number {
  const found = database.prepare<[], number>("SELECT first_segment FROM progress").pluck().get();
  if (found === undefined) throw new DamagedHourError("a row is missing");
  return found;
}

/** The closed segments of an open hour in ascending order. */
export function readNotes(database: Database): readonly FiledSegment[] {
  return database.prepare<[], FiledSegment>("SELECT * FROM segments ORDER BY segment").all();
}

/** Notes closed segments. Call it within a transaction. */
export function writeNotes(database: Database, notes: readonly FiledSegment[]): void {
  const insert = database.prepare("INSERT INTO segments VALUES (?, ?, ?, ?)");
  for (const { segment, records, checksum, content } of notes) {
    insert.run(segment, records, checksum, content);
  }
}
