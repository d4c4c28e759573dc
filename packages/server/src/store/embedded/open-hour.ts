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
import { OPEN_HOUR_SCHEMA, type OpenDatabase, openSound } from "./open-hour-file.ts";
import { RecordIndex } from "./record-index.ts";

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

interface SegmentRow {
  readonly records: number;
  readonly checksum: number;
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
  readonly #read: Statement<[number], Buffer>;
  #closedThrough: number;
  #records = 0;

  private constructor(path: string, hour: number, database: Database, random: RandomSource) {
    this.path = path;
    this.hour = hour;
    this.#database = database;
    this.#index = new RecordIndex(random);
    // A checkpoint every 64 MB of log instead of every 4 MB: a third more reports a second.
    database.pragma("wal_autocheckpoint = 8000");
    database.pragma("cache_size = -32768");
    this.#insert = database.prepare(INSERT);
    this.#find = database.prepare("SELECT 1 FROM reports WHERE segment = ? AND record = ?");
    this.#read = database
      .prepare<[number], Buffer>("SELECT record FROM reports WHERE segment = ?")
      .pluck();
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
    return openSound(open, path, (database) => {
      const loaded = new OpenHour(path, hour, database, random);
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
    this.#insert.run({ segment, records, bytes: records.length });
    this.#records += records.length / RECORD_BYTES;
    const value = segment - this.hour * SEGMENTS_PER_HOUR;
    for (let at = 0; at < records.length; at += RECORD_BYTES) {
      this.#index.add(records, at, value);
    }
  }

  /** Whether the record at `at` is there, in a segment before `segment`. */
  hasBefore(segment: number, records: Uint8Array, at: number): boolean {
    return this.#index.find(records, at, (value) => {
      const found = this.hour * SEGMENTS_PER_HOUR + value;
      if (found >= segment) return false;
      return this.#find.get(found, records.subarray(at, at + RECORD_BYTES)) !== undefined;
    });
  }

  /** Pads and closes all segments up to `segment`. Takes the time of the records in them. */
  closeSegments(crypto: CryptoSuite, random: RandomSource, segment: number): void {
    const through = Math.min(segment, this.lastSegment);
    if (through <= this.#closedThrough) return;
    this.#database.transaction(() => {
      const note = this.#database.prepare("INSERT INTO segments VALUES (?, ?, ?)");
      for (let next = this.#closedThrough + 1; next <= through; next++) {
        this.#pad(crypto, random, next);
        const { records, sum } = this.#sum(next);
        note.run(next, records, sum);
      }
    })();
    this.#closedThrough = through;
  }

  /** The bytes of a closed segment. @throws {DamagedHourError} */
  segment(segment: number): Uint8Array {
    const step = new Uint8Array(4);
    new DataView(step.buffer).setUint32(0, arrivalStepOf(segment * SEGMENT_SECONDS));
    const rows = this.#read.all(segment);
    const bytes = new Uint8Array(rows.length * STORED_RECORD_BYTES);
    const checksum = new Checksum();
    rows.forEach((record, row) => {
      checksum.add(record);
      bytes.set(record, row * STORED_RECORD_BYTES);
      bytes.set(step, row * STORED_RECORD_BYTES + RECORD_BYTES);
    });
    this.#assertSum(segment, checksum);
    return bytes;
  }

  close(): void {
    this.#database.close();
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
    for (const record of this.#read.iterate(segment)) checksum.add(record);
    return checksum;
  }

  /** Fills the index, and checks the closed segments on the way. @throws {DamagedHourError} */
  #learn(): void {
    const first = this.hour * SEGMENTS_PER_HOUR;
    for (let segment = this.firstSegment; segment <= this.lastSegment; segment++) {
      const checksum = new Checksum();
      for (const record of this.#read.iterate(segment)) {
        if (record.length !== RECORD_BYTES) throw new DamagedHourError("a record is cut");
        checksum.add(record);
        this.#index.add(record, 0, segment - first);
      }
      this.#records += checksum.records;
      if (segment <= this.#closedThrough) this.#assertSum(segment, checksum);
    }
  }

  #assertSum(segment: number, actual: Checksum): void {
    const written = this.#database
      .prepare<[number], SegmentRow>("SELECT records, checksum FROM segments WHERE segment = ?")
      .get(segment);
    if (written?.records !== actual.records || written.checksum !== actual.sum) {
      throw new DamagedHourError(`segment ${segment} differs from its sum`);
    }
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
