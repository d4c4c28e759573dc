import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { type Database, databaseOf, errorCode, Failure, openForReading } from "@glowworm/platform";

/** In the header of a database: two bytes that say 2 when commits go into a log, and 1 when there is none. */
const LOG_VERSIONS = [18, 19] as const;
const NO_LOG = 1;

/**
 * Opens a database for reading, also where nothing can be written: there SQLite, which wants a file beside it, opens none that
 * has no log. It then holds all that was stored, is read whole, and stays in memory until it is closed.
 * @throws `ENOENT` when it is not there.
 * @throws {Failure} when it cannot be read without writing.
 */
export function openForTool(path: string): Database {
  let database: Database | undefined;
  try {
    statSync(path);
    database = openForReading(path);
    database.pragma("user_version");
    return database;
  } catch (cause) {
    database?.close();
    if (!/^SQLITE_(CANTOPEN|READONLY)/.test(errorCode(cause))) throw cause;
    return openAtRest(path, cause);
  }
}

function openAtRest(path: string, cause: unknown): Database {
  const before = statSync(path);
  const file = hasLog(path) ? null : readFileSync(path);
  const after = statSync(path);
  const isSame = before.mtimeMs === after.mtimeMs && before.size === after.size;
  if (file === null || hasLog(path) || !isSame) {
    throw new Failure(
      "noPermission",
      `${path}: has a log, and cannot be read where this user cannot write`,
      `run this as the owner of ${dirname(dirname(path))} or as root, and where it is not read-only`,
      { cause },
    );
  }
  for (const at of LOG_VERSIONS) file[at] = NO_LOG;
  return databaseOf(file);
}

function hasLog(path: string): boolean {
  return existsSync(`${path}-wal`);
}
