import { ascii, type Clock, type CryptoSuite, type RandomSource } from "@glowworm/protocol";

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
  /** Cells of the network that is looked at. */
  readonly #found: Uint32Array = new Uint32Array(ROWS);
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

  #owedMs(cells: Uint32Array, nowMs: number): number {
    return Math.max(0, this.#lowest(cells) - nowMs);
  }

  #lowest(cells: Uint32Array): number {
    let lowest = Number.POSITIVE_INFINITY;
    for (const cell of cells) lowest = Math.min(lowest, this.#cells[cell] ?? 0);
    return lowest;
  }

  /** Cells that are higher already count what others took. */
  #raise(cells: Uint32Array, toMs: number): void {
    for (const cell of cells) this.#cells[cell] = Math.max(this.#cells[cell] ?? 0, toMs);
  }

  #cellsOf(network: string): Uint32Array {
    const hash = this.#deps.crypto.blake2b(16, ascii(network), this.#key);
    for (let row = 0; row < ROWS; row++) {
      const place = ((hash[2 * row] ?? 0) << 8) | (hash[2 * row + 1] ?? 0);
      this.#found[row] = row * CELLS + (place % CELLS);
    }
    return this.#found;
  }
}
