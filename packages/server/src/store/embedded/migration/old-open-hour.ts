import type { Database } from "@glowworm/platform";
import { STORABLE_RECORD_BYTES } from "@glowworm/protocol";
import { DamagedHourError } from "../damage.ts";
import { Checksum } from "../segments/checksum.ts";

const FIRST_FORMAT = 1;
const SECOND_FORMAT = 2;

/** A segment of an old open hour. */
export interface OldSegment {
  readonly segment: number;
  /** Closed segments have their padding, and nothing enters them any more. */
  readonly isClosed: boolean;
}

interface Progress {
  readonly first_segment: number;
  /** In the first format. */
  readonly closed_through?: number;
}

interface Note {
  readonly segment: number;
  readonly records: number;
  readonly checksum: number;
}

/** Reads open hours of the first two formats, in which every record was a row. @throws {DamagedHourError} */
export class OldOpenHour {
  readonly firstSegment: number;
  readonly #database: Database;
  /** Of the closed segments, by segment; the first format had no sums. */
  readonly #closed: Map<number, Note | null> = new Map();
  readonly #select: string;

  private constructor(database: Database, isFirst: boolean) {
    this.#database = database;
    // Padding for pages (no segment) was never served: closing makes it anew.
    this.#select = isFirst
      ? "SELECT segment, CAST(get_id || envelope AS BLOB) AS record FROM reports WHERE segment IS NOT NULL"
      : "SELECT segment, record FROM reports";
    const progress = database.prepare<[], Progress>("SELECT * FROM progress").get();
    if (progress === undefined) throw new DamagedHourError("progress is missing");
    this.firstSegment = progress.first_segment;
    const through = progress.closed_through ?? this.firstSegment - 1;
    for (let next = this.firstSegment; next <= through; next++) this.#closed.set(next, null);
    const notes = "SELECT segment, records, checksum FROM segments";
    if (isFirst) return;
    for (const note of database.prepare<[], Note>(notes).all()) {
      this.#closed.set(note.segment, note);
    }
  }

  /** Null when the database is of another format. */
  static of(database: Database): OldOpenHour | null {
    const format = database.pragma("user_version", { simple: true });
    if (format !== FIRST_FORMAT && format !== SECOND_FORMAT) return null;
    return new OldOpenHour(database, format === FIRST_FORMAT);
  }

  /** All segments that are closed or have records, in ascending order. */
  get segments(): readonly OldSegment[] {
    const found = this.#database.prepare<[], number>(
      `SELECT DISTINCT segment FROM (${this.#select})`,
    );
    const all = new Set([...found.pluck().all(), ...this.#closed.keys()]);
    return [...all]
      .sort((a, b) => a - b)
      .map((segment) => ({ segment, isClosed: this.#closed.has(segment) }));
  }

  /** The records of a segment in order, 129 bytes each. @throws {DamagedHourError} when a closed one has changed. */
  records(segment: number): readonly Uint8Array[] {
    const query = `SELECT record FROM (${this.#select}) WHERE segment = ? ORDER BY record`;
    const records = this.#database.prepare<[number], Buffer>(query).pluck().all(segment);
    const checksum = new Checksum();
    for (const record of records) {
      if (record.length !== STORABLE_RECORD_BYTES) throw new DamagedHourError("a record is cut");
      checksum.addAll(record);
    }
    const note = this.#closed.get(segment) ?? null;
    const isRight = note === null || note.checksum === checksum.sum;
    if (isRight && (note === null || note.records === records.length)) return records;
    throw new DamagedHourError(`segment ${segment} differs from its sum`);
  }
}
