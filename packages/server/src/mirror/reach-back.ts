import { readFileIfAny, replaceFile } from "@glowworm/platform";
import { ascii, type Clock, DAY_SECONDS } from "@glowworm/protocol";

/** Hours close once an hour: the list is read every five minutes, for twelve small requests, however much is to be copied. */
export const POLL_MS: number = 300_000;
/** Lists of a day. */
const LISTS = (DAY_SECONDS * 1000) / POLL_MS;
/** Hour numbers, one a line. */
const FORM = /^(?:\d{1,10}\n)*$/;

/**
 * How far back the last 288 lists of a source reached. They are counted, not timed: no leap of a clock makes a day of one
 * list. Durable, so that restarts begin the day anew no oftener than the file is lost.
 */
export class ReachBack {
  readonly #path: string;
  readonly #clock: Clock;
  /** Oldest hour of each counted list, or of what was read until the next one counted. */
  readonly #oldest: number[];
  #countedAtMs: number;

  /** @param path of the file that remembers it. */
  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
    // A process that ends again and again reads a list each time: its first one is not counted.
    this.#countedAtMs = clock.monotonicMs();
    const text = new TextDecoder().decode(readFileIfAny(path) ?? new Uint8Array());
    this.#oldest = FORM.test(text) ? text.split("\n").slice(0, -1).map(Number) : [];
  }

  /**
   * Takes note of the oldest hour of a list, and counts the list when the one before is five minutes old. Returns the oldest
   * hour of the last 288; null as long as there were fewer.
   */
  note(oldest: number): number | null {
    const last = this.#oldest.at(-1);
    if (this.#clock.monotonicMs() - this.#countedAtMs >= POLL_MS) {
      this.#countedAtMs = this.#clock.monotonicMs();
      this.#oldest.push(oldest);
      if (this.#oldest.length > LISTS) this.#oldest.shift();
    } else if (last !== undefined && oldest < last) {
      this.#oldest.splice(-1, 1, oldest);
    } else return this.#reach();
    replaceFile(this.#path, ascii(this.#oldest.map((hour) => `${hour}\n`).join("")));
    return this.#reach();
  }

  #reach(): number | null {
    return this.#oldest.length < LISTS ? null : Math.min(...this.#oldest);
  }
}
