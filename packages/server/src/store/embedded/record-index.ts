import type { RandomSource } from "@glowworm/protocol";
import { RECORD_BYTES } from "../hour-assembly.ts";

const SLOTS_MIN = 2 ** 14;
const SLOTS_MAX = 2 ** 22;
const LOAD_MAX = 0.6;
/** Low bits of a slot: a number below 127, plus one, so that no slot in use is zero. The others tell records apart. */
const VALUE_BITS = 7;
const VALUE_MASK = 2 ** VALUE_BITS - 1;
const WORDS = 4;

/**
 * Remembers in which segment of its hour each record is, at about 7 bytes a record: a wrong guess once in some millions,
 * a miss never. Grows by tables that double up to 16 MB, so that nothing is ever moved and no call is slow; asking looks
 * into all of them, six for ten million records. Keyed, because who uploads chooses the bytes.
 */
export class RecordIndex {
  readonly #keys: Uint32Array = new Uint32Array(4);
  readonly #tables: Uint32Array[] = [];
  /** How many more the newest table takes. */
  #room = 0;
  /** Hashes of the record that was hashed last. */
  #place = 0;
  #mark = 0;

  constructor(random: RandomSource) {
    const drawn = random.bytes(16);
    for (let key = 0; key < 4; key++) this.#keys[key] = wordAt(drawn, key * 4) | 1;
  }

  /** Adds the record at `at`; `value` is 0 to 126. */
  add(bytes: Uint8Array, at: number, value: number): void {
    this.#hash(bytes, at);
    const table = this.#tableWithRoom();
    const mask = table.length - 1;
    let slot = this.#place & mask;
    while (table[slot] !== 0) slot = (slot + 1) & mask;
    table[slot] = this.#mark | (value + 1);
    this.#room -= 1;
  }

  /** Whether `isIt` says yes to one of the values under which this record may have been added. */
  find(bytes: Uint8Array, at: number, isIt: (value: number) => boolean): boolean {
    this.#hash(bytes, at);
    const { mark, place } = { mark: this.#mark, place: this.#place };
    for (const table of this.#tables) {
      const mask = table.length - 1;
      for (let slot = place & mask; table[slot] !== 0; slot = (slot + 1) & mask) {
        const found = table[slot] ?? 0;
        const isAlike = ((found ^ mark) & ~VALUE_MASK) === 0;
        if (isAlike && isIt((found & VALUE_MASK) - 1)) return true;
      }
    }
    return false;
  }

  #tableWithRoom(): Uint32Array {
    const newest = this.#tables.at(-1);
    if (newest !== undefined && this.#room > 0) return newest;
    const slots = Math.min(SLOTS_MAX, newest === undefined ? SLOTS_MIN : 2 * newest.length);
    const table = new Uint32Array(slots);
    this.#tables.push(table);
    this.#room = Math.floor(slots * LOAD_MAX);
    return table;
  }

  /** Of the id and the end of the envelope: both look random in an honest record, and two records differ in one of them. */
  #hash(bytes: Uint8Array, at: number): void {
    let a = this.#keys[0] ?? 0;
    let b = this.#keys[1] ?? 0;
    const keyA = this.#keys[2] ?? 0;
    const keyB = this.#keys[3] ?? 0;
    const tail = at + RECORD_BYTES - 4 * WORDS;
    for (let word = 0; word < 2 * WORDS; word++) {
      const next = wordAt(bytes, word < WORDS ? at + 4 * word : tail + 4 * (word - WORDS));
      a = Math.imul(a ^ next, keyA);
      a ^= a >>> 15;
      b = Math.imul(b ^ next, keyB);
      b ^= b >>> 16;
    }
    this.#place = Math.imul(a, keyB) >>> 8;
    this.#mark = b & ~VALUE_MASK;
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
