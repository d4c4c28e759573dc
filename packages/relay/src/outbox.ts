import { closeSync, openSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  type Database,
  Failure,
  makePrivateFolder,
  openDatabase,
  type Statement,
} from "@glowworm/platform";
import {
  HOUR_SECONDS,
  type RandomSource,
  REPORT_MAX_AGE_SECONDS,
  type UnixSeconds,
  type UploadRecord,
} from "@glowworm/protocol";

/** A sealed report on its way into the outbox. */
export interface SealedReport {
  readonly record: UploadRecord;
  /** Not to be uploaded before this time. */
  readonly notBefore: UnixSeconds;
  readonly heardAt: UnixSeconds;
}

/** A report in the outbox. */
export interface WaitingReport {
  /** Names it in the outbox, 16 bytes. */
  readonly key: Uint8Array;
  readonly record: UploadRecord;
}

/** An outbox, and where a damaged predecessor was put, if there was one. */
export interface OpenedOutbox {
  readonly outbox: Outbox;
  readonly setAside: string | null;
}

/** 20,000 reports are about 5 MB: a week of a relay that hears two new accessories a minute. */
export const OUTBOX_REPORTS_MAX: number = 20_000;
/** The longest wait before an upload, seconds, inclusive. */
export const UPLOAD_DELAY_SECONDS_MAX: number = 600;

const FILE = "outbox.sqlite";
const KEY_BYTES = 16;
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

interface Row {
  readonly key: Uint8Array;
  readonly put_id: Uint8Array;
  readonly envelope: Uint8Array;
}

/**
 * Opens the outbox in a folder, which is made when missing (0700). A damaged file is set aside, not repaired: it
 * holds nothing but reports that nobody has accepted yet, and a relay that does not start loses more.
 * @throws {Failure} when another relay uses it, or when it cannot be opened.
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
    if (!isDamage(error)) throw openingFailure(path, error);
  }
  const aside = `${path}.damaged`;
  renameSync(path, aside);
  for (const suffix of ["-wal", "-shm"]) rmSync(path + suffix, { force: true });
  return { outbox: new Outbox(openChecked(path), random, limit), setAside: aside };
}

/**
 * Sealed reports until a server has taken them; nothing in it can be opened by the relay. Invariants: what `add`
 * returned for is on disk, and there are never more than `limit`.
 */
export class Outbox {
  readonly #database: Database;
  readonly #random: RandomSource;
  readonly #limit: number;
  readonly #insert: Statement<[Uint8Array, number, number, Uint8Array, Uint8Array], unknown>;
  readonly #due: Statement<[number, number, number], Row>;
  readonly #delete: Statement<[Uint8Array], unknown>;
  readonly #deleteExpired: Statement<[number], unknown>;
  readonly #deleteOldest: Statement<[number], unknown>;
  #size: number;
  #droppedFull = 0;
  #droppedExpired = 0;

  /** Takes over an open database; use `openOutbox`. */
  constructor(database: Database, random: RandomSource, limit: number) {
    this.#database = database;
    this.#random = random;
    this.#limit = limit;
    this.#insert = database.prepare("INSERT INTO report VALUES (?, ?, ?, ?, ?)");
    this.#due = database.prepare(
      `SELECT key, put_id, envelope FROM report
       WHERE not_before <= ? OR not_before > ? ORDER BY key LIMIT ?`,
    );
    this.#delete = database.prepare("DELETE FROM report WHERE key = ?");
    this.#deleteExpired = database.prepare("DELETE FROM report WHERE expiry_hour <= ?");
    this.#deleteOldest = database.prepare(
      "DELETE FROM report WHERE key IN (SELECT key FROM report ORDER BY not_before LIMIT ?)",
    );
    this.#size =
      database.prepare<[], { n: number }>("SELECT count(*) AS n FROM report").get()?.n ?? 0;
  }

  /** Reports that wait. */
  get size(): number {
    return this.#size;
  }

  /** Reports dropped since the start because the outbox was full. */
  get droppedFull(): number {
    return this.#droppedFull;
  }

  /** Reports dropped since the start because nobody took them in seven days. */
  get droppedExpired(): number {
    return this.#droppedExpired;
  }

  /**
   * Adds reports, all or none; they are on disk when it returns. Drops the oldest ones beyond the limit.
   * @throws {Failure} when the disk does not take them.
   */
  add(reports: readonly SealedReport[]): void {
    if (reports.length === 0) return;
    const dropped = this.#write(() => {
      for (const report of reports) this.#insertOne(report);
      const excess = this.#size + reports.length - this.#limit;
      return excess > 0 ? this.#deleteOldest.run(excess).changes : 0;
    });
    this.#size += reports.length - dropped;
    this.#droppedFull += dropped;
  }

  /**
   * Reports that may be uploaded now, in random order. One that would have to wait longer than any delay was
   * written under a clock that has since been set back: it is due.
   */
  due(now: UnixSeconds, limit: number): readonly WaitingReport[] {
    return this.#due
      .all(now, now + UPLOAD_DELAY_SECONDS_MAX, limit)
      .map(({ key, put_id, envelope }) => ({ key, record: { putId: put_id, envelope } }));
  }

  /** Removes reports that a server has taken, or refused for good. */
  remove(keys: readonly Uint8Array[]): void {
    this.#size -= this.#write(() => {
      let removed = 0;
      for (const key of keys) removed += this.#delete.run(key).changes;
      return removed;
    });
  }

  /** Drops what nobody has taken in seven days; up to an hour early, never late. */
  dropExpired(now: UnixSeconds): void {
    const hour = Math.floor(now / HOUR_SECONDS);
    const dropped = this.#write(() => this.#deleteExpired.run(hour).changes);
    this.#size -= dropped;
    this.#droppedExpired += dropped;
  }

  close(): void {
    this.#database.close();
  }

  #write(change: () => number): number {
    try {
      return this.#database.transaction(change)();
    } catch (cause) {
      const message = `outbox: cannot be written (${codeOf(cause)})`;
      throw new Failure("failure", message, "make room on the disk of the state folder", { cause });
    }
  }

  #insertOne({ record, notBefore, heardAt }: SealedReport): void {
    const expiryHour = Math.floor((heardAt + REPORT_MAX_AGE_SECONDS) / HOUR_SECONDS);
    const key = this.#random.bytes(KEY_BYTES);
    this.#insert.run(key, notBefore, expiryHour, record.putId, record.envelope);
  }
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
  return DAMAGE_CODES.some((code) => codeOf(error).startsWith(code));
}

function openingFailure(path: string, cause: unknown): Failure {
  if (codeOf(cause).startsWith("SQLITE_BUSY")) {
    const remedy = "stop the other relay, or give this one a folder of its own with --state DIR";
    return new Failure("failure", `${path}: another relay uses it`, remedy, { cause });
  }
  const remedy =
    "check that the folder belongs to the user of the relay and that the disk has room";
  return new Failure("failure", `${path}: cannot be opened (${codeOf(cause)})`, remedy, { cause });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}
