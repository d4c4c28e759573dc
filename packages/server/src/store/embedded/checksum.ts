import { RECORD_BYTES } from "../hour-assembly.ts";

const START = 0x811c9dc5;
const FACTOR = 0x01000193;

/**
 * Sum over the records of a segment that tells when a bit of them has changed on disk, in whatever order they are read.
 * SQLite checks its pages' shape and not their content. No protection against somebody who means it: who can
 * write the file can write the sum.
 */
export class Checksum {
  #sum = 0;
  #records = 0;

  /** Of the records added so far, below 2^32. */
  get sum(): number {
    return this.#sum;
  }

  get records(): number {
    return this.#records;
  }

  /** Adds a record of 129 bytes. */
  add(record: Uint8Array): void {
    let hash = START ^ record.length;
    for (let at = 0; at < RECORD_BYTES; at++) {
      hash = Math.imul(hash ^ (record[at] ?? 0), FACTOR);
    }
    this.#sum = (this.#sum + (hash ^ (hash >>> 15))) >>> 0;
    this.#records += 1;
  }
}
