import { GET_ID_BYTES } from "@glowworm/protocol";

/**
 * Finds ids among many in constant time: open addressing, at most half full. Ids are hashes, so that their own first
 * bytes spread them; whoever chooses the ids that are looked up cannot choose those that are in the table.
 */
export class IdTable {
  readonly #ids: Uint8Array;
  /** Index of an id plus one, or zero for a free slot. */
  readonly #slots: Uint32Array;
  readonly #mask: number;

  /** @param ids ids of 16 bytes, back to back; not copied. */
  constructor(ids: Uint8Array) {
    const count = ids.length / GET_ID_BYTES;
    this.#ids = ids;
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(Math.max(2, 2 * count))));
    this.#mask = this.#slots.length - 1;
    for (let index = 0; index < count; index++) this.#insert(index);
  }

  /** Index of the id that stands in `bytes` from `at` on, or -1. */
  indexOf(bytes: Uint8Array, at: number): number {
    let slot = hashAt(bytes, at) & this.#mask;
    for (;;) {
      const index = (this.#slots[slot] ?? 0) - 1;
      if (index === -1 || this.#isAt(index, bytes, at)) return index;
      slot = (slot + 1) & this.#mask;
    }
  }

  #insert(index: number): void {
    let slot = hashAt(this.#ids, index * GET_ID_BYTES) & this.#mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = index + 1;
  }

  #isAt(index: number, bytes: Uint8Array, at: number): boolean {
    const start = index * GET_ID_BYTES;
    for (let offset = 0; offset < GET_ID_BYTES; offset++) {
      if (this.#ids[start + offset] !== bytes[at + offset]) return false;
    }
    return true;
  }
}

function hashAt(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16);
  return high | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
}
