import { closeSync, openSync } from "node:fs";
import { dirname } from "node:path";
import {
  type Database,
  errorCode,
  Failure,
  makePrivateFolder,
  openDatabase,
} from "@glowworm/platform";

const PRIVATE_FILE = 0o600;

/**
 * Opens a database of one table that only its owner may read, made when missing.
 * @param remedy what to do about a file that is none.
 * @throws {Failure} when it cannot be opened.
 */
export function openPrivateDatabase(path: string, create: string, remedy: string): Database {
  try {
    makePrivateFolder(dirname(path));
    // Made beforehand so that SQLite gives its own files the same mode.
    closeSync(openSync(path, "a", PRIVATE_FILE));
    const database = openDatabase(path);
    database.exec(create);
    return database;
  } catch (cause) {
    throw new Failure("failure", `${path}: cannot be opened (${errorCode(cause)})`, remedy, {
      cause,
    });
  }
}
