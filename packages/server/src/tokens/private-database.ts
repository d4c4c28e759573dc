import { closeSync, constants, openSync } from "node:fs";
import { dirname } from "node:path";
import {
  type Database,
  errorCode,
  Failure,
  giveToOwnerOf,
  makePrivateFolder,
  openDatabase,
} from "@glowworm/platform";

const PRIVATE_FILE = 0o600;
const MADE_NOT_FOLLOWED = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW;

/**
 * Opens a database of one table that only its owner may read, made when missing.
 * @param remedy what to do about a file that is none.
 * @throws {Failure} when it cannot be opened.
 */
export function openPrivateDatabase(path: string, create: string, remedy: string): Database {
  try {
    const folder = dirname(path);
    makePrivateFolder(folder);
    // Made beforehand so that SQLite gives its own files the same mode, and the same owner. Root does not follow a link here.
    closeSync(openSync(path, MADE_NOT_FOLLOWED, PRIVATE_FILE));
    giveToOwnerOf(dirname(folder), folder);
    giveToOwnerOf(folder, path);
    const database = openDatabase(path);
    database.exec(create);
    return database;
  } catch (cause) {
    const code = errorCode(cause);
    const message = `${path}: cannot be opened (${code})`;
    if (code === "EACCES" || code === "EPERM" || code === "SQLITE_CANTOPEN") {
      const chown = `give it to the user of the server: sudo chown -R USER ${dirname(path)}`;
      throw new Failure("noPermission", message, chown, { cause });
    }
    if (code === "EROFS") {
      throw new Failure("noPermission", message, "it is mounted read-only: mount it for writing", {
        cause,
      });
    }
    const isFull = code === "ENOSPC" || code === "SQLITE_FULL";
    throw new Failure("failure", message, isFull ? "make room on the disk" : remedy, { cause });
  }
}
