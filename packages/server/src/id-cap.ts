import {
  ascii,
  type CryptoSuite,
  GET_ID_BYTES,
  hashId,
  type RandomSource,
} from "@glowworm/protocol";

const ROWS = 4;
const BLOCKS = 64;
const CELLS = 65_536;
const KEY_BYTES = 32;
/** Of a network's hash: eight bytes choose its blocks, eight are the seed under which its ids choose cells. */
const HASH_BYTES = 16;
const SEED_AT = 8;

/** Records that were counted and can be counted back. */
export interface Reservation {
  /** Takes the count back, for an upload that was not stored. */
  release(): void;
}

/**
 * Counts records per id and network in 16 MB, whatever arrives: a count-min sketch whose cells are chosen by id
 * within blocks chosen by network. One network fills at most its own block in each of four rows, so it cannot close
 * an id to another network unless all four blocks of both are the same (one pair in 16 million, and the key is drawn
 * anew every hour). Counts may come out too high, after some two million records an hour from one network, and
 * too low only by what shares a cell and is taken back meanwhile.
 */
export class IdCap {
  readonly #crypto: CryptoSuite;
  readonly #random: RandomSource;
  readonly #counts: Uint8Array = new Uint8Array(ROWS * BLOCKS * CELLS);
  /** First cells of the four blocks of the network that is looked at. */
  readonly #blocks: Uint32Array = new Uint32Array(ROWS);
  /** Hash of the id that is looked at: 16 bits for each row. */
  readonly #hash: Uint32Array = new Uint32Array(ROWS / 2);
  #key: Uint8Array = new Uint8Array(KEY_BYTES);
  #hour = -1;
  /** Records of one id that one network may upload in an hour, inclusive; at most 255. */
  readonly max: number;

  constructor(max: number, crypto: CryptoSuite, random: RandomSource) {
    this.max = max;
    this.#crypto = crypto;
    this.#random = random;
  }

  /**
   * Counts a whole batch, or nothing and null when one of its ids has had its share of this hour.
   * @param records of `recordBytes` each, back to back; the first 16 bytes are the id.
   */
  reserve(
    hour: number,
    prefix: string,
    records: Uint8Array,
    recordBytes: number = GET_ID_BYTES,
  ): Reservation | null {
    this.#beginHour(hour);
    // All before the first is looked up: memory then answers for many cells at a time.
    const cells = this.#cellsOf(prefix, records, recordBytes);
    let counted = 0;
    for (let first = 0; first < cells.length; first += ROWS) {
      const count = this.#lowest(cells, first);
      if (count >= this.max) {
        this.#lower(hour, cells, counted);
        return null;
      }
      // Only the lowest cells: the others are too high already.
      for (let at = first; at < first + ROWS; at++) {
        const cell = cells[at] ?? 0;
        if (this.#counts[cell] !== count) continue;
        this.#counts[cell] = count + 1;
        cells[counted++] = cell;
      }
    }
    return { release: () => this.#lower(hour, cells, counted) };
  }

  #beginHour(hour: number): void {
    if (hour === this.#hour) return;
    this.#hour = hour;
    this.#key = this.#random.bytes(KEY_BYTES);
    this.#counts.fill(0);
  }

  #lowest(cells: Uint32Array, first: number): number {
    let count = this.max;
    for (let at = first; at < first + ROWS; at++) {
      count = Math.min(count, this.#counts[cells[at] ?? 0] ?? 0);
    }
    return count;
  }

  /** Takes back the first `counted` of the cells. */
  #lower(hour: number, cells: Uint32Array, counted: number): void {
    if (hour !== this.#hour) return;
    for (let at = 0; at < counted; at++) {
      const cell = cells[at] ?? 0;
      this.#counts[cell] = Math.max(0, (this.#counts[cell] ?? 0) - 1);
    }
  }

  /** Four for each record, one in each row. */
  #cellsOf(prefix: string, records: Uint8Array, recordBytes: number): Uint32Array {
    const network = this.#crypto.blake2b(HASH_BYTES, ascii(prefix), this.#key);
    const seed = network.subarray(SEED_AT);
    for (let row = 0; row < ROWS; row++) {
      const hash = ((network[2 * row] ?? 0) << 8) | (network[2 * row + 1] ?? 0);
      this.#blocks[row] = (row * BLOCKS + (hash % BLOCKS)) * CELLS;
    }
    const cells = new Uint32Array((ROWS * records.length) / recordBytes);
    for (let at = 0, next = 0; next < cells.length; at += recordBytes) {
      hashId(seed, records, at, this.#hash);
      for (let row = 0; row < ROWS; row++) {
        const word = this.#hash[row >>> 1] ?? 0;
        const place = (row & 1) === 0 ? word & 0xffff : word >>> 16;
        cells[next++] = (this.#blocks[row] ?? 0) + place;
      }
    }
    return cells;
  }
}
