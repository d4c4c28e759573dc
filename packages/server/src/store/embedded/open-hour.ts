import { renameSync } from "node:fs";
import { dirname } from "node:path";
import type { Database, Statement } from "@glowworm/platform";
import { syncFolder } from "@glowworm/platform";
import {
  arrivalStepOf,
  type CryptoSuite,
  encodeRecords,
  hourPadding,
  paddingRecord,
  type RandomSource,
  randomFraction,
  SEGMENT_SECONDS,
  SEGMENTS_PER_HOUR,
  type StoredRecord,
  segmentPadding,
} from "@glowworm/protocol";
import type { NewReport } from "../report-store.ts";
import { removeDatabase, UNFINISHED } from "./layout.ts";
import { isLogDamaged } from "./log-check.ts";

const FORMAT = 1;
/**
 * The key is the whole record, so uploading twice stores once, and the order on disk is the order of pages: nothing
 * shows which record came first. `segment` is null for the padding that closes the hour.
 */
const SCHEMA = `
  CREATE TABLE reports (
    get_id BLOB NOT NULL, envelope BLOB NOT NULL, step INTEGER NOT NULL, segment INTEGER,
    PRIMARY KEY (get_id, envelope)
  ) WITHOUT ROWID;
  CREATE INDEX reports_by_segment ON reports (segment);
  CREATE TABLE progress (first_segment INTEGER NOT NULL, closed_through INTEGER NOT NULL);
`;

/** Opens a database; handed in so that a test can give one that fails. */
export type OpenDatabase = (path: string) => Database;

interface Row {
  readonly get_id: Buffer;
  readonly envelope: Buffer;
  readonly step: number;
}

/** An hour that still takes reports: one database, removed whole when the hour is closed. */
export class OpenHour {
  readonly hour: number;
  /** First segment that exists: later than the hour's first when no server ran before. */
  readonly firstSegment: number;
  readonly #path: string;
  readonly #database: Database;
  readonly #insert: Statement<[Uint8Array, Uint8Array, number, number | null], unknown>;
  readonly #find: Statement<[Uint8Array, Uint8Array], unknown>;
  #closedThrough: number;
  /** Whether every commit that can be read here is on disk. */
  #isSettled = true;

  private constructor(path: string, hour: number, database: Database) {
    this.#path = path;
    this.hour = hour;
    this.#database = database;
    // A checkpoint every 64 MB of log instead of every 4 MB: a third more reports a second.
    database.pragma("wal_autocheckpoint = 16000");
    database.pragma("cache_size = -32768");
    this.#insert = database.prepare("INSERT OR IGNORE INTO reports VALUES (?, ?, ?, ?)");
    this.#find = database.prepare("SELECT 1 FROM reports WHERE get_id = ? AND envelope = ?");
    const progress = readProgress(database);
    this.firstSegment = progress.first_segment;
    this.#closedThrough = progress.closed_through;
  }

  /** Makes the hour that begins to take reports at `firstSegment`. */
  static create(open: OpenDatabase, path: string, hour: number, firstSegment: number): OpenHour {
    const unfinished = path + UNFINISHED;
    removeDatabase(unfinished);
    const database = open(unfinished);
    try {
      database.transaction(() => {
        database.exec(SCHEMA);
        database.prepare("INSERT INTO progress VALUES (?, ?)").run(firstSegment, firstSegment - 1);
        database.pragma(`user_version = ${FORMAT}`);
      })();
    } finally {
      database.close();
    }
    renameSync(unfinished, path);
    syncFolder(dirname(path));
    return new OpenHour(path, hour, open(path));
  }

  /** Opens the hour a server left behind. @throws {DamagedHourError} */
  static load(open: OpenDatabase, path: string, hour: number): OpenHour {
    if (isLogDamaged(path)) throw new DamagedHourError("its log is damaged");
    const database = openSound(open, path);
    try {
      const loaded = new OpenHour(path, hour, database);
      loaded.#isSettled = false;
      return loaded;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Newest closed segment, or the one before the first. */
  get closedThrough(): number {
    return this.#closedThrough;
  }

  get lastSegment(): number {
    return (this.hour + 1) * SEGMENTS_PER_HOUR - 1;
  }

  get isOver(): boolean {
    return this.#closedThrough === this.lastSegment;
  }

  /** Stores all or none; durable when it returns. */
  insert(segment: number, reports: readonly NewReport[]): void {
    const step = arrivalStepOf(segment * SEGMENT_SECONDS);
    this.#write(() => {
      for (const report of reports) this.#insert.run(report.getId, report.envelope, step, segment);
    });
  }

  /** Whether it holds a report, on disk. */
  has(report: NewReport): boolean {
    this.#settle();
    return this.#find.get(report.getId, report.envelope) !== undefined;
  }

  /** Pads and closes all segments up to `segment`. */
  closeSegments(crypto: CryptoSuite, random: RandomSource, segment: number): void {
    const through = Math.min(segment, this.lastSegment);
    if (through <= this.#closedThrough) return;
    this.#write(() => {
      for (let next = this.#closedThrough + 1; next <= through; next++) {
        const step = arrivalStepOf(next * SEGMENT_SECONDS);
        const missing = segmentPadding(this.#count("WHERE segment = ?", next));
        for (let made = 0; made < missing; made++) {
          this.#add(paddingRecord(crypto, random, step), next);
        }
      }
      this.#database.prepare("UPDATE progress SET closed_through = ?").run(through);
    });
    this.#closedThrough = through;
  }

  /** The bytes of a closed segment. */
  segment(segment: number): Uint8Array {
    const arrivalStep = arrivalStepOf(segment * SEGMENT_SECONDS);
    const rows = this.#database
      .prepare<[number], Row>("SELECT get_id, envelope FROM reports WHERE segment = ?")
      .all(segment);
    return encodeRecords(
      rows.map((row) => ({ getId: row.get_id, envelope: row.envelope, arrivalStep })),
    );
  }

  /** Pads the hour to whole pages; a second call after a crash finds nothing to add. Returns the count of records. */
  fill(crypto: CryptoSuite, random: RandomSource): number {
    const count = this.#count("");
    const missing = hourPadding(count);
    // Spread over the steps in which the server ran, so that no step holds padding alone.
    const firstStep = arrivalStepOf(this.firstSegment * SEGMENT_SECONDS);
    const steps = arrivalStepOf(this.lastSegment * SEGMENT_SECONDS) - firstStep + 1;
    this.#write(() => {
      for (let made = 0; made < missing; made++) {
        const step = firstStep + Math.floor(randomFraction(random) * steps);
        this.#add(paddingRecord(crypto, random, step), null);
      }
    });
    return count + missing;
  }

  /** The `limit` records that follow `after` in canonical order. */
  recordsAfter(after: StoredRecord | undefined, limit: number): readonly StoredRecord[] {
    const empty = new Uint8Array();
    return this.#database
      .prepare<[Uint8Array, Uint8Array, number], Row>(
        `SELECT get_id, envelope, step FROM reports WHERE (get_id, envelope) > (?, ?)
         ORDER BY get_id, envelope LIMIT ?`,
      )
      .all(after?.getId ?? empty, after?.envelope ?? empty, limit)
      .map((row) => ({ getId: row.get_id, envelope: row.envelope, arrivalStep: row.step }));
  }

  close(): void {
    this.#database.close();
  }

  /** Removes every trace of the hour's finer times. */
  remove(): void {
    this.#database.close();
    removeDatabase(this.#path);
    syncFolder(dirname(this.#path));
  }

  #write(change: () => void): void {
    this.#settle();
    this.#isSettled = false;
    this.#database.transaction(change)();
    this.#isSettled = true;
  }

  /**
   * A write that failed, or a process that was killed, leaves commits in the log which are in the kernel's memory and
   * perhaps on no disk; syncing the log again may say yes without writing them. Only what is copied into the database and
   * synced there is certain. Without this, a report that is sent again would be found, nothing be written, and a yes said.
   */
  #settle(): void {
    if (this.#isSettled) return;
    const [result] = this.#database.pragma("wal_checkpoint(TRUNCATE)") as {
      readonly busy: number;
    }[];
    if (result?.busy !== 0) throw new Error("the log is in use");
    this.#isSettled = true;
  }

  #add(record: StoredRecord, segment: number | null): void {
    this.#insert.run(record.getId, record.envelope, record.arrivalStep, segment);
  }

  #count(where: string, ...values: number[]): number {
    return this.#database
      .prepare<number[], number>(`SELECT count(*) FROM reports ${where}`)
      .pluck()
      .get(...values) as number;
  }
}

/** The file of an hour is not what was written. */
export class DamagedHourError extends Error {
  override readonly name = "DamagedHourError";
}

interface Progress {
  readonly first_segment: number;
  readonly closed_through: number;
}

function readProgress(database: Database): Progress {
  const row = database.prepare<[], Progress>("SELECT * FROM progress").get();
  if (row === undefined) throw new DamagedHourError("progress is missing");
  return row;
}

function openSound(open: OpenDatabase, path: string): Database {
  let database: Database | undefined;
  try {
    database = open(path);
    const verdict = database.pragma("quick_check(1)", { simple: true });
    const format = database.pragma("user_version", { simple: true });
    if (verdict === "ok" && format === FORMAT) return database;
  } catch (error) {
    database?.close();
    if (isCorruption(error)) throw new DamagedHourError("not a database", { cause: error });
    throw error;
  }
  database.close();
  throw new DamagedHourError("fails its check");
}

function isCorruption(error: unknown): boolean {
  if (!(error instanceof Error && "code" in error)) return false;
  return error.code === "SQLITE_CORRUPT" || error.code === "SQLITE_NOTADB";
}
