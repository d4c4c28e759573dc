import {
  ascii,
  ByteReader,
  type Clock,
  type CryptoSuite,
  type RandomSource,
} from "@glowworm/protocol";

/** What one network may take. */
export interface Rate {
  /** In the long run. */
  readonly perMinute: number;
  /** After a silence. */
  readonly atOnce: number;
}

/** What a limit stands on. */
export interface RateLimitDeps {
  readonly clock: Clock;
  readonly crypto: CryptoSuite;
  readonly random: RandomSource;
}

const ROWS = 4;
const CELLS = 16_384;
const KEY_BYTES = 32;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * A bucket for every network in 512 kB, whatever arrives. A cell holds the time at which what was taken from its bucket is
 * made up for. Networks share cells, chosen by a keyed hash, and each has one in four rows: what it took is what the
 * lowest of them says, so an honest network pays for others only when all four are shared with networks at their limit.
 * Two hundred such networks at a time do that to one honest network in 45 million. The key is drawn anew every day and
 * leaves memory with its day.
 */
export class RateLimit {
  readonly #rate: Rate;
  readonly #deps: RateLimitDeps;
  readonly #cells: Float64Array = new Float64Array(ROWS * CELLS);
  #key: Uint8Array;
  #keyedAtMs: number;

  constructor(rate: Rate, deps: RateLimitDeps) {
    this.#rate = rate;
    this.#deps = deps;
    this.#key = deps.random.bytes(KEY_BYTES);
    this.#keyedAtMs = deps.clock.monotonicMs();
  }

  /** Takes `amount` and returns 0, or takes nothing and returns the whole seconds until it would fit. */
  take(network: string, amount: number): number {
    const nowMs = this.#now();
    const cells = this.#cellsOf(network);
    const owedMs = this.#owedMs(cells, nowMs);
    const overMs = owedMs + this.#msOf(amount) - this.#msOf(this.#rate.atOnce);
    if (overMs > 0) return Math.ceil(overMs / 1000);
    this.#raise(cells, nowMs + owedMs + this.#msOf(amount));
    return 0;
  }

  /** Takes `amount`, whether it fits or not: what was spent before anybody knew how much it would be. */
  spend(network: string, amount: number): void {
    const nowMs = this.#now();
    const cells = this.#cellsOf(network);
    this.#raise(cells, nowMs + this.#owedMs(cells, nowMs) + this.#msOf(amount));
  }

  /** Undoes a `take` that came to nothing. */
  giveBack(network: string, amount: number): void {
    const cells = this.#cellsOf(network);
    const lowest = this.#lowest(cells);
    for (const cell of cells) {
      if (this.#cells[cell] === lowest) this.#cells[cell] = lowest - this.#msOf(amount);
    }
  }

  /** Milliseconds in which so much comes back. */
  #msOf(amount: number): number {
    const { perMinute } = this.#rate;
    return perMinute === Number.POSITIVE_INFINITY ? 0 : (amount / perMinute) * MINUTE_MS;
  }

  #now(): number {
    const nowMs = this.#deps.clock.monotonicMs();
    if (nowMs - this.#keyedAtMs >= DAY_MS) {
      this.#key = this.#deps.random.bytes(KEY_BYTES);
      this.#keyedAtMs = nowMs;
      this.#cells.fill(0);
    }
    return nowMs;
  }

  #owedMs(cells: readonly number[], nowMs: number): number {
    return Math.max(0, this.#lowest(cells) - nowMs);
  }

  #lowest(cells: readonly number[]): number {
    return Math.min(...cells.map((cell) => this.#cells[cell] ?? 0));
  }

  /** Cells that are higher already count what others took. */
  #raise(cells: readonly number[], toMs: number): void {
    for (const cell of cells) this.#cells[cell] = Math.max(this.#cells[cell] ?? 0, toMs);
  }

  #cellsOf(network: string): readonly number[] {
    const hash = this.#deps.crypto.blake2b(16, ascii(network), this.#key);
    const reader = new ByteReader(hash);
    return Array.from({ length: ROWS }, (_, row) => row * CELLS + (reader.u16("cell") % CELLS));
  }
}
