import type { RandomSource } from "@glowworm/protocol";
import { STORABLE_RECORD_BYTES } from "@glowworm/protocol";

const WORDS = Math.ceil(STORABLE_RECORD_BYTES / 4);

/** Two keyed hashes of one record at a time. Keyed, because who uploads chooses the bytes. */
export class RecordHash {
  readonly #keys: Uint32Array = new Uint32Array(4);
  #place = 0;
  #mark = 0;

  constructor(random: RandomSource) {
    const drawn = random.bytes(16);
    for (let key = 0; key < 4; key++) this.#keys[key] = wordAt(drawn, key * 4) | 1;
  }

  /** Where the record belongs in a table: 24 bits. */
  get place(): number {
    return this.#place;
  }

  /** What tells it from others there: 32 bits, signed. */
  get mark(): number {
    return this.#mark;
  }

  /**
   * Turns to the record of 129 bytes at `at`. Hashes all of it, the last word over three bytes of the one before: records
   * that are made to differ elsewhere must not be alike here.
   */
  of(bytes: Uint8Array, at: number): this {
    let a = this.#keys[0] ?? 0;
    let b = this.#keys[1] ?? 0;
    const keyA = this.#keys[2] ?? 0;
    const keyB = this.#keys[3] ?? 0;
    const last = at + STORABLE_RECORD_BYTES - 4;
    for (let word = 0; word < WORDS; word++) {
      const next = wordAt(bytes, Math.min(at + 4 * word, last));
      a = Math.imul(a ^ next, keyA);
      a ^= a >>> 15;
      b = Math.imul(b ^ next, keyB);
      b ^= b >>> 16;
    }
    this.#place = Math.imul(a, keyB) >>> 8;
    this.#mark = b;
    return this;
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0)
  );
}
