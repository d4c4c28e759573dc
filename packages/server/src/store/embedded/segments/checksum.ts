import { STORABLE_RECORD_BYTES } from "@glowworm/protocol";

const START = 0x811c9dc5;
const FACTOR = 0x01000193;
const WORD_BYTES = 4;

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

  /** Adds all records of `bytes`, 129 bytes each. */
  addAll(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += STORABLE_RECORD_BYTES) this.#add(bytes, at);
  }

  #add(bytes: Uint8Array, from: number): void {
    const last = from + STORABLE_RECORD_BYTES - 1;
    let hash = Math.imul(START ^ (bytes[last] ?? 0), FACTOR);
    for (let at = from; at < last; at += WORD_BYTES) {
      const high = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16);
      const low = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
      hash = Math.imul(hash ^ high ^ low, FACTOR);
      hash ^= hash >>> 15;
    }
    this.#sum = (this.#sum + hash) >>> 0;
    this.#records += 1;
  }
}
