import { ascii, ByteReader, type CryptoSuite, concat, type RandomSource } from "@glowworm/protocol";

const ROWS = 4;
const BLOCKS = 64;
const CELLS = 65_536;
const KEY_BYTES = 32;

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
    const counted: number[] = [];
    for (const id of ids) {
      const raised = this.#raise(this.#cellsOf(source, blocks, id));
      if (raised === null) {
        this.#lower(hour, counted);
        return null;
      }
      counted.push(...raised);
    }
    return { release: () => this.#lower(hour, counted) };
  }

  #beginHour(hour: number): void {
    if (hour === this.#hour) return;
    this.#hour = hour;
    this.#key = this.#random.bytes(KEY_BYTES);
    this.#cells.fill(0);
  }

  /** Raises only the lowest cells: the others are too high already. Null when even those are at the limit. */
  #raise(cells: readonly number[]): readonly number[] | null {
    const count = Math.min(...cells.map((cell) => this.#cells[cell] ?? 0));
    if (count >= this.max) return null;
    const lowest = cells.filter((cell) => this.#cells[cell] === count);
    for (const cell of lowest) this.#cells[cell] = count + 1;
    return lowest;
  }

  #lower(hour: number, cells: readonly number[]): void {
    if (hour !== this.#hour) return;
    for (const cell of cells) this.#cells[cell] = Math.max(0, (this.#cells[cell] ?? 0) - 1);
  }

  #blocksOf(source: Uint8Array): readonly number[] {
    const hash = new ByteReader(this.#crypto.blake2b(16, source, this.#key));
    return rows((row) => row * BLOCKS + (hash.u16("cap.block") % BLOCKS));
  }

  #cellsOf(source: Uint8Array, blocks: readonly number[], id: Uint8Array): readonly number[] {
    const hash = new ByteReader(this.#crypto.blake2b(16, concat(id, source), this.#key));
    return rows((row) => (blocks[row] ?? 0) * CELLS + hash.u16("cap.cell"));
  }
}

function rows(of: (row: number) => number): readonly number[] {
  return Array.from({ length: ROWS }, (_, row) => of(row));
}
