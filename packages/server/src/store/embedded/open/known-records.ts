import { STORABLE_RECORD_BYTES, STORED_RECORD_BYTES } from "@glowworm/protocol";
import type { RecordHash } from "./record-hash.ts";
import { RecordIndex } from "./record-index.ts";
import { RunIndex } from "./run-index.ts";
import type { RunNote } from "./runs.ts";

/** Says by the bytes on disk whether a record is there. */
export interface RecordPlaces {
  inRun(run: number, record: Uint8Array): boolean;
  inFile(segment: number, record: Uint8Array): boolean;
}

/**
 * What an open hour holds, in memory: "surely not" for nearly all that is new, otherwise the one place on disk that decides.
 * About 7 bytes a record, and 20 more while its segment has no file.
 */
export class KnownRecords {
  readonly #hash: RecordHash;
  readonly #places: RecordPlaces;
  readonly #segments: RecordIndex = new RecordIndex();
  /** Of the segments without a file. */
  readonly #runs: Map<number, RunIndex> = new Map();
  readonly #firstSegment: number;

  /** @param firstSegment of the hour. */
  constructor(hash: RecordHash, firstSegment: number, places: RecordPlaces) {
    this.#hash = hash;
    this.#firstSegment = firstSegment;
    this.#places = places;
  }

  /** Adds the records of a run, 129 bytes each. */
  addRun({ run, segment }: RunNote, records: Uint8Array): void {
    const runs = this.#runs.get(segment) ?? new RunIndex();
    this.#runs.set(segment, runs);
    for (let at = 0; at < records.length; at += STORABLE_RECORD_BYTES) {
      const hash = this.#hash.of(records, at);
      runs.add(hash, run);
      this.#segments.add(hash, segment - this.#firstSegment);
    }
  }

  /** Adds records that are in the file of a segment, 133 bytes each. */
  addFiled(segment: number, records: Uint8Array): void {
    for (let at = 0; at < records.length; at += STORED_RECORD_BYTES) {
      this.#segments.add(this.#hash.of(records, at), segment - this.#firstSegment);
    }
  }

  /** The segment has a file from now on. */
  filed(segment: number): void {
    this.#runs.delete(segment);
  }

  /** Whether the record at `at`, which was hashed last, is on disk. */
  has(records: Uint8Array, at: number): boolean {
    const record = records.subarray(at, at + STORABLE_RECORD_BYTES);
    let asked: number[] | undefined;
    return this.#segments.find(this.#hash, (offset) => {
      // Records that are alike in the table must not multiply.
      if (asked?.includes(offset)) return false;
      asked = [...(asked ?? []), offset];
      const segment = this.#firstSegment + offset;
      const runs = this.#runs.get(segment);
      if (runs === undefined) return this.#places.inFile(segment, record);
      return runs.find(this.#hash, (run) => this.#places.inRun(run, record));
    });
  }
}
