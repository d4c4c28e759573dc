import { closeSync, existsSync, openSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  type Database,
  errorCode,
  Failure,
  fileFailure,
  makePrivateFolder,
  openDatabase,
} from "@glowworm/platform";
import type { RandomSource } from "@glowworm/protocol";
import { Outbox } from "./outbox.ts";

/** An outbox, and where a damaged predecessor was put, if there was one. */
export interface OpenedOutbox {
  readonly outbox: Outbox;
  readonly setAside: string | null;
}

/** 20,000 reports are about 5 MB: a week of a relay that hears two new accessories a minute. */
const OUTBOX_REPORTS_MAX: number = 20_000;

const FILE = "outbox.sqlite";
const PRIVATE_FILE = 0o600;
/** Version of the table. */
const SCHEMA = 1;
/**
 * The key is random and the only order there is: the file does not tell in which order reports came, and a batch
 * is mixed. Of the time at which a report was heard only the hour of its expiry is kept.
 */
const CREATE = `
  CREATE TABLE IF NOT EXISTS report (
    key BLOB PRIMARY KEY,
    not_before INTEGER NOT NULL,
    expiry_hour INTEGER NOT NULL,
    put_id BLOB NOT NULL,
    envelope BLOB NOT NULL
  ) WITHOUT ROWID, STRICT`;

/**
 * Opens the outbox in a folder, which is made when missing (0700). A damaged file is set aside, not repaired: it
 * holds nothing but reports that nobody has accepted yet, and a relay that does not start loses more.
 * @throws {Failure} when another relay uses it, or when it cannot be opened; what the file system refuses as it is.
 */
export function openOutbox(
  folder: string,
  random: RandomSource,
  limit: number = OUTBOX_REPORTS_MAX,
): OpenedOutbox {
  const path = join(folder, FILE);
  try {
    makePrivateFolder(folder);
    return { outbox: new Outbox(openChecked(path), random, limit), setAside: null };
  } catch (error) {
    if (fileFailure(error) !== null) throw error;
    if (!isDamage(error)) throw openingFailure(path, error);
  }
  const aside = `${path}.damaged`;
  for (const suffix of ["", "-wal"]) {
    rmSync(aside + suffix, { force: true });
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
  return { outbox: new Outbox(openChecked(path), random, limit), setAside: aside };
}

function openChecked(path: string): Database {
  // Made beforehand so that SQLite gives its own files the same mode.
  closeSync(openSync(path, "a", PRIVATE_FILE));
  const database = openDatabase(path);
  try {
    database.pragma("locking_mode = EXCLUSIVE");
    check(database);
    database.exec(CREATE);
    database.exec("SELECT key, not_before, expiry_hour, put_id, envelope FROM report LIMIT 0");
    database.pragma(`user_version = ${SCHEMA}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

class DamagedError extends Error {
  override readonly name = "DamagedError";
}

function check(database: Database): void {
  const version = database.pragma("user_version", { simple: true });
  if (version !== 0 && version !== SCHEMA) throw new DamagedError("unknown version");
  const verdict = database.pragma("quick_check(1)", { simple: true });
  if (verdict !== "ok") throw new DamagedError("quick_check failed");
}

const DAMAGE_CODES: readonly string[] = ["SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_ERROR"];

function isDamage(error: unknown): boolean {
  if (error instanceof DamagedError) return true;
  return DAMAGE_CODES.some((code) => errorCode(error).startsWith(code));
}

function openingFailure(path: string, cause: unknown): Failure {
  if (errorCode(cause).startsWith("SQLITE_BUSY")) {
    const remedy = "stop the other relay, or give this one a folder of its own with --state DIR";
    return new Failure("failure", `${path}: another relay uses it`, remedy, { cause });
  }
  const remedy =
    "check that the folder belongs to the user of the relay and that the disk has room";
  return new Failure("failure", `${path}: cannot be opened (${errorCode(cause)})`, remedy, {
    cause,
  });
}
