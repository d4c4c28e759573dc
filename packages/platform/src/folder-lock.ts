import { rmSync } from "node:fs";
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
  try {
    return heldBy(path, open);
  } catch (cause) {
    if (errorCode(cause).startsWith("SQLITE_BUSY")) {
      throw new Failure("failure", busy.message, busy.remedy, { cause });
    }
    if (errorCode(cause) !== "SQLITE_NOTADB") throw cause;
    // Nothing is kept in it, and nobody can hold what is no database.
    rmSync(path);
    return heldBy(path, open);
  }
}

function heldBy(path: string, open: (path: string) => Database): FolderLock {
  let database: Database | undefined;
  try {
    database = open(path);
    database.pragma("busy_timeout = 0");
    database.exec("BEGIN IMMEDIATE");
  } catch (cause) {
    database?.close();
    throw cause;
  }
  const held = database;
  return { release: () => void held.close() };
}
