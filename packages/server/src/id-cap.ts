import {
  ascii,
  type CryptoSuite,
  concat,
  GET_ID_BYTES,
  type RandomSource,
} from "@glowworm/protocol";

const ROWS = 4;
const BLOCKS = 64;
const CELLS = 65_536;
const KEY_BYTES = 32;
/** The least that BLAKE2b of libsodium gives. */
const HASH_BYTES = 16;

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
 * never too low.
 */
export class IdCap {
  readonly #crypto: CryptoSuite;
  readonly #random: RandomSource;
  readonly #cells: Uint8Array = new Uint8Array(ROWS * BLOCKS * CELLS);
  /** Cells of the id that is looked at. */
  readonly #found: Uint32Array = new Uint32Array(ROWS);
  #key: Uint8Array = new Uint8Array(KEY_BYTES);
  #hour = -1;
  /** Records of one id that one network may upload in an hour, inclusive; at most 255. */
  readonly max: number;

  constructor(max: number, crypto: CryptoSuite, random: RandomSource) {
    this.max = max;
    this.#crypto = crypto;
    this.#random = random;
  }

  /** Counts a whole batch, or nothing and null when one of its ids has had its share of this hour. */
  reserve(hour: number, prefix: string, ids: readonly Uint8Array[]): Reservation | null {
    this.#beginHour(hour);
    const source = ascii(prefix);
    const blocks = this.#blocksOf(source);
    // Written over for every id: with arrays of its own each id would cost twice as much.
    const input = concat(new Uint8Array(GET_ID_BYTES), source);
    const counted: number[] = [];
    for (const id of ids) {
      input.set(id);
      if (this.#raise(this.#cellsOf(blocks, input), counted)) continue;
      this.#lower(hour, counted);
      return null;
    }
    return { release: () => this.#lower(hour, counted) };
  }

  #beginHour(hour: number): void {
    if (hour === this.#hour) return;
    this.#hour = hour;
    this.#key = this.#random.bytes(KEY_BYTES);
    this.#cells.fill(0);
  }

  /** Raises only the lowest cells: the others are too high already. False when even those are at the limit. */
  #raise(cells: Uint32Array, counted: number[]): boolean {
    let count = this.max;
    for (const cell of cells) count = Math.min(count, this.#cells[cell] ?? 0);
    if (count === this.max) return false;
    for (const cell of cells) {
      if (this.#cells[cell] !== count) continue;
      this.#cells[cell] = count + 1;
      counted.push(cell);
    }
    return true;
  }

  #lower(hour: number, cells: readonly number[]): void {
    if (hour !== this.#hour) return;
    for (const cell of cells) this.#cells[cell] = Math.max(0, (this.#cells[cell] ?? 0) - 1);
  }

  /** First cell of the block of each row. */
  #blocksOf(source: Uint8Array): Uint32Array {
    const hash = this.#crypto.blake2b(HASH_BYTES, source, this.#key);
    const blocks = new Uint32Array(ROWS);
    for (let row = 0; row < ROWS; row++) {
      blocks[row] = (row * BLOCKS + (u16At(hash, row) % BLOCKS)) * CELLS;
    }
    return blocks;
  }

  #cellsOf(blocks: Uint32Array, input: Uint8Array): Uint32Array {
    const hash = this.#crypto.blake2b(HASH_BYTES, input, this.#key);
    for (let row = 0; row < ROWS; row++) this.#found[row] = (blocks[row] ?? 0) + u16At(hash, row);
    return this.#found;
  }
}

function u16At(hash: Uint8Array, index: number): number {
  return ((hash[2 * index] ?? 0) << 8) | (hash[2 * index + 1] ?? 0);
}
