import type { Database, Statement } from "@glowworm/platform";
import { arrivalStepOf, SEGMENT_SECONDS } from "@glowworm/protocol";
import { RECORD_BYTES } from "../hour-assembly.ts";
import { Checksum } from "./checksum.ts";
import { DamagedHourError } from "./damage.ts";
import type { RecordSource } from "./merge.ts";

/** Read at a time: 120 segments of these are 4 MB. */
const ROWS = 256;

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

/** The records of a closed segment in order, and a check that they are the ones that were there when it closed. */
export class SegmentSource implements RecordSource {
  readonly #read: Statement<[number, Uint8Array], Buffer>;
  readonly #sum: SegmentSum;
  readonly #step: number;
  readonly #checksum: Checksum = new Checksum();
  #rows: readonly Buffer[] = [];
  #row = 0;

  constructor(database: Database, sum: SegmentSum) {
    this.#sum = sum;
    this.#step = arrivalStepOf(sum.segment * SEGMENT_SECONDS);
    this.#read = database
      .prepare<[number, Uint8Array], Buffer>(
        `SELECT record FROM reports WHERE segment = ? AND record > ? ORDER BY record LIMIT ${ROWS}`,
      )
      .pluck();
  }

  /** @throws {DamagedHourError} after the last, when the segment has changed. */
  next(): { readonly record: Uint8Array; readonly step: number } | null {
    if (this.#row === this.#rows.length) this.#turn();
    const record = this.#rows[this.#row];
    if (record === undefined) {
      this.#assertSum();
      return null;
    }
    this.#row += 1;
    if (record.length !== RECORD_BYTES) throw new DamagedHourError("a record is cut");
    this.#checksum.add(record);
    return { record, step: this.#step };
  }

  #turn(): void {
    const last = this.#rows.at(-1) ?? new Uint8Array();
    this.#rows = this.#read.all(this.#sum.segment, last);
    this.#row = 0;
  }

  #assertSum(): void {
    const { segment, records, checksum } = this.#sum;
    if (records === this.#checksum.records && checksum === this.#checksum.sum) return;
    throw new DamagedHourError(`segment ${segment} differs from its sum`);
  }
}
