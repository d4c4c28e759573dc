import { STORED_RECORD_BYTES } from "@glowworm/protocol";
import { StoreFullError } from "../report-store.ts";

/** Bytes that stay free unless the operator says otherwise: 256 MiB, a hundredth of a small SD card and a bit. */
export const MIN_FREE_BYTES_DEFAULT: number = 256 * 2 ** 20;
/** A closed hour takes this for each record of the open one: the record, its share of manifest and filter. */
const CLOSING_BYTES = STORED_RECORD_BYTES + 6;

/** Refuses reports while there is room to close the hours that are open, so that a full disk never holds that up. */
export class DiskRoom {
  readonly #freeBytes: () => number;
  readonly #minFreeBytes: number;

  /** @param freeBytes what the disk has left for this user; asked at every commit. */
  constructor(freeBytes: () => number, minFreeBytes: number) {
    this.#freeBytes = freeBytes;
    this.#minFreeBytes = minFreeBytes;
  }

  /** Whether nothing more may be stored beside the `records` of the open hours. */
  isFull(records: number): boolean {
    return this.#freeBytes() < this.#minFreeBytes + records * CLOSING_BYTES;
  }

  /** @throws {StoreFullError} */
  assertRoom(records: number): void {
    if (!this.isFull(records)) return;
    throw new StoreFullError("the disk is full: make room, or keep reports for fewer days");
  }
}
