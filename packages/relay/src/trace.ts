import { equalBytes } from "@glowworm/protocol";
import type { Fix } from "./position.ts";

/** One frame as it was heard. */
export interface Hearing {
  /** Wall time, milliseconds since the Unix epoch. */
  readonly atMs: number;
  /** dBm, or null when the controller does not say. */
  readonly rssiDbm: number | null;
  readonly status: number;
  readonly token: Uint8Array;
  /** Where the relay was. */
  readonly fix: Fix;
}

/** How often a token was heard within the minute, and its last hearing. */
export interface TokenTally {
  readonly token: Uint8Array;
  readonly count: number;
  readonly last: Hearing;
}

/**
 * Tokens remembered at a time. Anybody can repeat a piece with a token of their own: whatever they mix in, a token
 * that makes up more than a quarter of the frames stays among four and ends with the highest count (Misra, Gries).
 */
const TOKENS_MAX = 4;
const MINUTE_MS = 60_000;

/**
 * What is known of the frames that carry one piece, or one key. Invariant: `frames` is at least 1, and at least one
 * token of the newest minute is remembered.
 */
export class Trace {
  #frames = 0;
  #firstMs: number;
  #lastMs: number;
  #rssiDbm: number | null = null;
  #minute = Number.NEGATIVE_INFINITY;
  #tallies: TokenTally[] = [];

  constructor(hearing: Hearing) {
    this.#firstMs = hearing.atMs;
    this.#lastMs = hearing.atMs;
    this.add(hearing);
  }

  get frames(): number {
    return this.#frames;
  }

  get firstMs(): number {
    return this.#firstMs;
  }

  get lastMs(): number {
    return this.#lastMs;
  }

  /** Strongest signal, dBm; null when no frame came with one. */
  get rssiDbm(): number | null {
    return this.#rssiDbm;
  }

  /** The most frequent token of the newest minute, the earlier one among equals. */
  get token(): TokenTally {
    return this.#tallies.reduce((best, tally) => (tally.count > best.count ? tally : best));
  }

  add(hearing: Hearing): void {
    this.#frames++;
    this.#span(hearing.atMs, hearing.atMs, hearing.rssiDbm);
    const minute = Math.floor(hearing.atMs / MINUTE_MS);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#tallies = [];
    }
    this.#tally(hearing, 1);
  }

  /** Adds what another trace knows. Of the tokens those of the newer minute stay. */
  absorb(other: Trace): void {
    this.#frames += other.#frames;
    this.#span(other.#firstMs, other.#lastMs, other.#rssiDbm);
    if (other.#minute > this.#minute) {
      this.#minute = other.#minute;
      this.#tallies = [...other.#tallies];
    } else if (other.#minute === this.#minute) {
      for (const tally of other.#tallies) this.#tally(tally.last, tally.count);
    }
  }

  #span(firstMs: number, lastMs: number, rssiDbm: number | null): void {
    this.#firstMs = Math.min(this.#firstMs, firstMs);
    this.#lastMs = Math.max(this.#lastMs, lastMs);
    if (rssiDbm !== null && (this.#rssiDbm === null || rssiDbm > this.#rssiDbm)) {
      this.#rssiDbm = rssiDbm;
    }
  }

  #tally(last: Hearing, count: number): void {
    const at = this.#tallies.findIndex((tally) => equalBytes(tally.token, last.token));
    const known = this.#tallies[at];
    if (known !== undefined) {
      this.#tallies[at] = { token: known.token, count: known.count + count, last };
      return;
    }
    if (this.#tallies.length >= TOKENS_MAX) this.#thin();
    if (this.#tallies.length < TOKENS_MAX) this.#tallies.push({ token: last.token, count, last });
  }

  #thin(): void {
    this.#tallies = this.#tallies
      .map((tally) => ({ ...tally, count: tally.count - 1 }))
      .filter((tally) => tally.count > 0);
  }
}
