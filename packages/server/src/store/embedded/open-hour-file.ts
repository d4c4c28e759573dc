import type { Database } from "@glowworm/platform";
import { DamagedHourError, isCorruption } from "./damage.ts";

/** Opens a database; handed in so that a test can give one that fails. */
export type OpenDatabase = (path: string) => Database;

/** What `user_version` says of a database of this layout. */
const OPEN_HOUR_FORMAT = 2;

/**
 * A record is get_id and envelope. The key is segment and whole record: uploading twice stores once, arrivals of one
 * segment lie together, and nothing shows which record of a segment came first. `segments` holds the closed ones.
 */
export const OPEN_HOUR_SCHEMA: string = `
  CREATE TABLE reports (segment INTEGER NOT NULL, record BLOB NOT NULL, PRIMARY KEY (segment, record)) WITHOUT ROWID;
  CREATE TABLE segments (segment INTEGER PRIMARY KEY, records INTEGER NOT NULL, checksum INTEGER NOT NULL);
  CREATE TABLE progress (first_segment INTEGER NOT NULL);
  PRAGMA user_version = ${OPEN_HOUR_FORMAT};
`;

/**
 * Opens a database of this layout, and closes it again when `use` fails.
 * @throws {DamagedHourError} when it is not one, or SQLite finds it corrupt.
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
    if (isCorruption(error)) throw new DamagedHourError("is corrupt", { cause: error });
    throw error;
  }
}
