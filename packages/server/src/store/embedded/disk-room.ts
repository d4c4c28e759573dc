import { STORED_RECORD_BYTES } from "@glowworm/protocol";
import { StoreFullError } from "../report-store.ts";

/** Bytes that stay free unless the operator says otherwise: 256 MiB, a hundredth of a small SD card and a bit. */
export const MIN_FREE_BYTES_DEFAULT: number = 256 * 2 ** 20;
/** A closed hour takes this for each record of the open one: the record, its share of manifest and filter. */
const HOUR_BYTES = STORED_RECORD_BYTES + 6;
/** The file of a segment takes this for each record that is in none yet. */
const SEGMENT_BYTES = STORED_RECORD_BYTES + 1;

/** Records of open hours; `unfiled` of segments that are in no file yet. */
export interface OpenSize {
  readonly records: number;
  readonly unfiled: number;
}

/** Refuses reports while there is room to close the hours that are open, so that a full disk never holds that up. */
export class DiskRoom {
  readonly #freeBytes: () => number;
  readonly #minFreeBytes: number;

  /** @param freeBytes what the disk has left for this user; asked at every commit. */
  constructor(freeBytes: () => number, minFreeBytes: number) {
    this.#freeBytes = freeBytes;
    this.#minFreeBytes = minFreeBytes;
  }

  /** Whether nothing more may be stored beside what the open hours hold. */
  isFull({ records, unfiled }: OpenSize): boolean {
    const closing = records * HOUR_BYTES + unfiled * SEGMENT_BYTES;
    return this.#freeBytes() < this.#minFreeBytes + closing;
  }

  /** @throws {StoreFullError} */
  assertRoom(open: OpenSize): void {
    if (!this.isFull(open)) return;
    throw new StoreFullError("the disk is full: make room, or keep reports for fewer days");
  }
}
