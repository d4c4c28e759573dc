import { type CryptoSuite, DAY_SECONDS, PAGE_BYTES, type UnixSeconds } from "@glowworm/protocol";
import { DamagedHourError, isUnreadable } from "../damage.ts";
import { checkFrame, checkPages } from "./hour-check.ts";
import type { ClosedHour } from "./hour-file.ts";

/** Bytes of pages that are read in one call: 15 ms of hashing. */
const PIECE_BYTES = 4 * 2 ** 20;
/** How often something is read that cannot be read, a step each. */
const TRIES = 3;
const PIECE_PAGES = Math.floor(PIECE_BYTES / PAGE_BYTES);

/**
 * Reads closed hours again, a piece in each call and each hour once a day, so that a disk that forgets is noticed before
 * a reader comes. A call takes the time of a piece, or of one manifest and filter; a day of calls reads 11 GB.
 */
export class Scrub {
  readonly #crypto: CryptoSuite;
  readonly #pathOf: (hour: number) => string;
  /** When the reading of the hour last began. */
  readonly #begun: Map<number, UnixSeconds> = new Map();
  /** How many steps in a row could not read. */
  #failed = 0;
  #current: { readonly hour: number; readonly pages: number; next: number } | null = null;

  constructor(crypto: CryptoSuite, pathOf: (hour: number) => string) {
    this.#crypto = crypto;
    this.#pathOf = pathOf;
  }

  /** Reads one piece. Returns the hour when it is damaged, or cannot be read by three steps in a row. */
  step(now: UnixSeconds, hours: readonly ClosedHour[]): number | null {
    const hour = this.#current?.hour ?? this.#due(now, hours);
    if (hour === undefined) return null;
    try {
      this.#read(now, hour);
      this.#failed = 0;
      return null;
    } catch (error) {
      this.#failed += 1;
      if (isUnreadable(error) && this.#failed < TRIES) return null;
      this.#failed = 0;
      this.#begun.set(hour, now);
      this.#current = null;
      return error instanceof DamagedHourError || isUnreadable(error) ? hour : null;
    }
  }

  #due(now: UnixSeconds, hours: readonly ClosedHour[]): number | undefined {
    const kept = new Set(hours.map(({ hour }) => hour));
    for (const hour of this.#begun.keys()) if (!kept.has(hour)) this.#begun.delete(hour);
    return hours.find(({ hour }) => now - (this.#begun.get(hour) ?? 0) >= DAY_SECONDS)?.hour;
  }

  #read(now: UnixSeconds, hour: number): void {
    const path = this.#pathOf(hour);
    if (this.#current === null) {
      this.#current = { ...checkFrame(this.#crypto, path, hour), next: 0 };
      this.#begun.set(hour, now);
      return;
    }
    const { pages, next } = this.#current;
    const end = Math.min(pages, next + PIECE_PAGES);
    checkPages(this.#crypto, path, pages, next, end);
    this.#current = end < pages ? { hour, pages, next: end } : null;
  }
}
