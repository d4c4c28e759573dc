import { type Database, errorCode, Failure, type Statement } from "@glowworm/platform";
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

/** The longest wait before an upload, seconds, inclusive. */
export const UPLOAD_DELAY_SECONDS_MAX: number = 600;

const KEY_BYTES = 16;

interface Row {
  readonly key: Uint8Array;
  readonly put_id: Uint8Array;
  readonly envelope: Uint8Array;
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
  readonly #rename: Statement<[Uint8Array, Uint8Array], unknown>;
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
    this.#rename = database.prepare("UPDATE report SET key = ? WHERE key = ?");
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

  /** Puts reports elsewhere in the random order: the next batches are of others. */
  mix(keys: readonly Uint8Array[]): void {
    this.#write(() => {
      for (const key of keys) this.#rename.run(this.#random.bytes(KEY_BYTES), key);
      return 0;
    });
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
      const message = `outbox: cannot be written (${errorCode(cause)})`;
      throw new Failure("failure", message, "make room on the disk of the state folder", { cause });
    }
  }

  #insertOne({ record, notBefore, heardAt }: SealedReport): void {
    const expiryHour = Math.floor((heardAt + REPORT_MAX_AGE_SECONDS) / HOUR_SECONDS);
    const key = this.#random.bytes(KEY_BYTES);
    this.#insert.run(key, notBefore, expiryHour, record.putId, record.envelope);
  }
}
