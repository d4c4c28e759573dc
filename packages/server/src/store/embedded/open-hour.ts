import { renameSync } from "node:fs";
import { dirname } from "node:path";
import type { Database, Statement } from "@glowworm/platform";
import { syncFolder } from "@glowworm/platform";
import {
  arrivalStepOf,
  type CryptoSuite,
  concat,
  paddingRecord,
  type RandomSource,
  SEGMENT_SECONDS,
  SEGMENTS_PER_HOUR,
  STORED_RECORD_BYTES,
  segmentPadding,
} from "@glowworm/protocol";
import { RECORD_BYTES } from "../hour-assembly.ts";
import { Checksum } from "./checksum.ts";
import { DamagedHourError } from "./damage.ts";
import { removeDatabase, UNFINISHED } from "./layout.ts";
import { isLogDamaged } from "./log-check.ts";
import { OPEN_HOUR_SCHEMA, type OpenDatabase, openSound } from "./open-hour-file.ts";
import { RecordIndex } from "./record-index.ts";
import { assertSum, SegmentReader, type SegmentSum } from "./segment-source.ts";

/** One statement for a whole group: nothing is made for each record on this side of SQLite. */
const INSERT = `
  WITH RECURSIVE place(at) AS (SELECT 1 UNION ALL SELECT at + ${RECORD_BYTES} FROM place WHERE at + ${RECORD_BYTES} < @bytes)
  INSERT OR IGNORE INTO reports SELECT @segment, substr(@records, at, ${RECORD_BYTES}) FROM place`;

/** What an insertion binds. `bytes` is the length of `records`, which hold 129 bytes each. */
interface Group {
  readonly segment: number;
  readonly records: Uint8Array;
  readonly bytes: number;
}

/**
 * An hour that still takes reports: one database, removed whole when the hour is closed. Storing takes the time of the
 * group and not of the hour: all of it falls into one segment's part of the tree. Loading reads the hour whole.
 */
export class OpenHour {
  readonly hour: number;
  readonly path: string;
  /** First segment that exists: later than the hour's first when no server ran before. */
  readonly firstSegment: number;
  readonly #database: Database;
  readonly #index: RecordIndex;
  readonly #insert: Statement<[Group], unknown>;
  readonly #find: Statement<[number, Uint8Array], unknown>;
  readonly #reader: SegmentReader;
  #closedThrough: number;
  #records = 0;
  /** Whether every commit that can be read here is on disk. */
  #isSettled = true;

  private constructor(path: string, hour: number, database: Database, random: RandomSource) {
    this.path = path;
    this.hour = hour;
    this.#database = database;
    this.#index = new RecordIndex(random);
    // A checkpoint every 16 MB of log: rarer ones hold a commit up for longer, and save nothing.
    database.pragma("wal_autocheckpoint = 2000");
    database.pragma("cache_size = -32768");
    this.#insert = database.prepare(INSERT);
    this.#find = database.prepare("SELECT 1 FROM reports WHERE segment = ? AND record = ?");
    this.#reader = new SegmentReader(database);
    this.firstSegment = this.#number("SELECT first_segment FROM progress");
    this.#closedThrough = Math.max(
      this.firstSegment - 1,
      this.#number("SELECT coalesce(max(segment), 0) FROM segments"),
    );
  }

  /** Makes the hour that begins to take reports at `firstSegment`. */
  static create(
    open: OpenDatabase,
    path: string,
    firstSegment: number,
    random: RandomSource,
  ): OpenHour {
    const unfinished = path + UNFINISHED;
    removeDatabase(unfinished);
    const database = open(unfinished);
    try {
      database.pragma("page_size = 8192");
      database.pragma("journal_mode = DELETE");
      database.exec("VACUUM");
      database.transaction(() => {
        database.exec(OPEN_HOUR_SCHEMA);
        database.prepare("INSERT INTO progress VALUES (?)").run(firstSegment);
      })();
    } finally {
      database.close();
    }
    renameSync(unfinished, path);
    syncFolder(dirname(path));
    const hour = Math.floor(firstSegment / SEGMENTS_PER_HOUR);
    return new OpenHour(path, hour, open(path), random);
  }

  /** Opens the hour a server left behind and reads every record of it. @throws {DamagedHourError} */
  static load(open: OpenDatabase, path: string, hour: number, random: RandomSource): OpenHour {
    if (isLogDamaged(path)) throw new DamagedHourError("its log is damaged");
    return openSound(open, path, (database) => {
      const loaded = new OpenHour(path, hour, database, random);
      loaded.#isSettled = false;
      loaded.#learn();
      return loaded;
    });
  }

  /** How many were stored; repeated ones may count twice. */
  get records(): number {
    return this.#records;
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

  /** Stores all or none, 129 bytes each; durable when it returns. */
  insert(segment: number, records: Uint8Array): void {
    if (records.length === 0) return;
    this.#write(() => this.#insert.run({ segment, records, bytes: records.length }));
    this.#records += records.length / RECORD_BYTES;
    const value = segment - this.hour * SEGMENTS_PER_HOUR;
    for (let at = 0; at < records.length; at += RECORD_BYTES) {
      this.#index.add(records, at, value);
    }
  }

  /** Whether the record at `at` is there, on disk, in a segment before `segment`. */
  hasBefore(segment: number, records: Uint8Array, at: number): boolean {
    const isThere = this.#index.find(records, at, (value) => {
      const found = this.hour * SEGMENTS_PER_HOUR + value;
      if (found >= segment) return false;
      return this.#find.get(found, records.subarray(at, at + RECORD_BYTES)) !== undefined;
    });
    if (isThere) this.#settle();
    return isThere;
  }

  /** Pads and closes all segments up to `segment`. Takes the time of the records in them. */
  closeSegments(crypto: CryptoSuite, random: RandomSource, segment: number): void {
    const through = Math.min(segment, this.lastSegment);
    if (through <= this.#closedThrough) return;
    this.#write(() => {
      const note = this.#database.prepare("INSERT INTO segments VALUES (?, ?, ?)");
      for (let next = this.#closedThrough + 1; next <= through; next++) {
        this.#pad(crypto, random, next);
        const { records, sum } = this.#sum(next);
        note.run(next, records, sum);
      }
    });
    this.#closedThrough = through;
    // The log holds group after group: with it goes the order within the segments. One that is being read goes next time.
    this.#database.pragma("wal_checkpoint(TRUNCATE)");
  }

  /** The bytes of a closed segment. @throws {DamagedHourError} */
  segment(segment: number): Uint8Array {
    const written = this.#written(segment);
    const bytes = new Uint8Array(written.records * STORED_RECORD_BYTES);
    const checksum = new Checksum();
    const steps = new DataView(bytes.buffer);
    const step = arrivalStepOf(segment * SEGMENT_SECONDS);
    let to = 0;
    for (const part of this.#reader.parts(segment)) {
      checksum.addAll(part);
      // More than there were: the sum says so.
      if (checksum.records > written.records) break;
      for (let at = 0; at < part.length; at += RECORD_BYTES) {
        bytes.set(part.subarray(at, at + RECORD_BYTES), to);
        steps.setUint32(to + RECORD_BYTES, step);
        to += STORED_RECORD_BYTES;
      }
    }
    assertSum(written, checksum);
    return bytes;
  }

  close(): void {
    this.#database.close();
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

  #pad(crypto: CryptoSuite, random: RandomSource, segment: number): void {
    const count = this.#number("SELECT count(*) FROM reports WHERE segment = ?", segment);
    const padding = Array.from({ length: segmentPadding(count) }, () => {
      const { getId, envelope } = paddingRecord(crypto, random, 0);
      return concat(getId, envelope);
    });
    if (padding.length === 0) return;
    const records = concat(...padding);
    this.#insert.run({ segment, records, bytes: records.length });
  }

  #sum(segment: number): Checksum {
    const checksum = new Checksum();
    for (const part of this.#reader.parts(segment)) checksum.addAll(part);
    return checksum;
  }

  /** Fills the index, and checks the closed segments on the way. @throws {DamagedHourError} */
  #learn(): void {
    const first = this.hour * SEGMENTS_PER_HOUR;
    for (let segment = this.firstSegment; segment <= this.lastSegment; segment++) {
      const checksum = new Checksum();
      for (const part of this.#reader.parts(segment)) {
        checksum.addAll(part);
        for (let at = 0; at < part.length; at += RECORD_BYTES) {
          this.#index.add(part, at, segment - first);
        }
      }
      this.#records += checksum.records;
      if (segment <= this.#closedThrough) assertSum(this.#written(segment), checksum);
    }
  }

  #written(segment: number): SegmentSum {
    const written = this.#database
      .prepare<[number], SegmentSum>("SELECT * FROM segments WHERE segment = ?")
      .get(segment);
    if (written === undefined) throw new DamagedHourError(`segment ${segment} has no sum`);
    return written;
  }

  #number(query: string, ...values: number[]): number {
    const found = this.#database
      .prepare<number[], number>(query)
      .pluck()
      .get(...values);
    if (found === undefined) throw new DamagedHourError("a row is missing");
    return found;
  }
}
