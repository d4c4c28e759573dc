import type { Database, Statement } from "@glowworm/platform";
import { arrivalStepOf, SEGMENT_SECONDS } from "@glowworm/protocol";
import { RECORD_BYTES } from "../hour-assembly.ts";
import { Checksum } from "./checksum.ts";
import { DamagedHourError } from "./damage.ts";
import type { RecordSource } from "./merge.ts";

/** Records read at a time: 120 segments of these are 4 MB. */
const PART_RECORDS = 256;
/** Joined by SQLite: five times faster than a row for each record. */
const READ_PART = `
  SELECT CAST(group_concat(record, '') AS BLOB)
  FROM (SELECT record FROM reports WHERE segment = ? AND record > ? ORDER BY record LIMIT ${PART_RECORDS})`;

/** A closed segment of an open hour, as its database says. */
export interface SegmentSum {
  readonly segment: number;
  readonly records: number;
  readonly checksum: number;
}

/** The closed segments of an open hour in ascending order. */
export function readSegments(database: Database): readonly SegmentSum[] {
  return database.prepare<[], SegmentSum>("SELECT * FROM segments ORDER BY segment").all();
}

/** Reads the records of segments in order, back to back, a part at a time. */
export class SegmentReader {
  readonly #read: Statement<[number, Uint8Array], Buffer | null>;

  constructor(database: Database) {
    this.#read = database.prepare<[number, Uint8Array], Buffer | null>(READ_PART).pluck();
  }

  /**
   * The records after the last of `before`, or the first ones; none after the last.
   * @throws {DamagedHourError} when they are not whole.
   */
  part(segment: number, before: Uint8Array | null): Uint8Array {
    const last = before?.subarray(-RECORD_BYTES) ?? new Uint8Array();
    const bytes = this.#read.get(segment, last) ?? new Uint8Array();
    if (bytes.length % RECORD_BYTES !== 0) throw new DamagedHourError("a record is cut");
    return bytes;
  }

  /** All parts of a segment. @throws {DamagedHourError} */
  *parts(segment: number): Generator<Uint8Array> {
    let part: Uint8Array | null = null;
    do {
      part = this.part(segment, part);
      yield part;
    } while (part.length > 0);
  }
}

/** @throws {DamagedHourError} unless the records added are those that were there when the segment closed. */
export function assertSum(written: SegmentSum, actual: Checksum): void {
  if (written.records === actual.records && written.checksum === actual.sum) return;
  throw new DamagedHourError(`segment ${written.segment} differs from its sum`);
}

/** The records of a closed segment in order, and a check that they are the ones that were there when it closed. */
export class SegmentSource implements RecordSource {
  readonly step: number;
  readonly #reader: SegmentReader;
  readonly #sum: SegmentSum;
  readonly #checksum: Checksum = new Checksum();
  #part: Uint8Array | null = null;
  #at = 0;

  constructor(reader: SegmentReader, sum: SegmentSum) {
    this.#reader = reader;
    this.#sum = sum;
    this.step = arrivalStepOf(sum.segment * SEGMENT_SECONDS);
  }

  /** @throws {DamagedHourError} after the last, when the segment has changed. */
  next(): Uint8Array | null {
    if (this.#part === null || this.#at === this.#part.length) {
      this.#part = this.#reader.part(this.#sum.segment, this.#part);
      this.#checksum.addAll(this.#part);
      this.#at = 0;
    }
    if (this.#part.length === 0) {
      assertSum(this.#sum, this.#checksum);
      return null;
    }
    const record = this.#part.subarray(this.#at, this.#at + RECORD_BYTES);
    this.#at += RECORD_BYTES;
    return record;
  }
}
