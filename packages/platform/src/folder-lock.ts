import { type Database, openDatabase } from "./database.ts";
import { errorCode, Failure } from "./failure.ts";

/** A folder taken by this process alone. */
export interface FolderLock {
  release(): void;
}

/**
 * Takes a folder until `release`, or until the process ends, however it ends: an open transaction is a lock that the
 * system lets go of. Leaves the file at `path`.
 * @param busy what to say when another process has it.
 * @throws {Failure} that.
 */
export function lockFolder(
  path: string,
  busy: { readonly message: string; readonly remedy: string },
  open: (path: string) => Database = openDatabase,
): FolderLock {
  let database: Database | undefined;
  try {
    database = open(path);
    database.pragma("busy_timeout = 0");
    database.exec("BEGIN IMMEDIATE");
  } catch (cause) {
    database?.close();
    if (!errorCode(cause).startsWith("SQLITE_BUSY")) throw cause;
    throw new Failure("failure", busy.message, busy.remedy, { cause });
  }
  const held = database;
  return { release: () => void held.close() };
}
