const FIRST_MS = 600_000;
const LONGEST_MS = 6 * 3_600_000;

interface Failed {
  readonly times: number;
  readonly untilMs: number;
}

/** Remembers hours that could not be copied: each is tried again ever later, and holds up no other. */
export class HourRetries {
  readonly #failed = new Map<number, Failed>();

  /** @param nowMs monotonic. */
  isDue(hour: number, nowMs: number): boolean {
    return nowMs >= (this.#failed.get(hour)?.untilMs ?? Number.NEGATIVE_INFINITY);
  }

  /** After ten minutes, then twice as long each time, six hours at most. */
  failed(hour: number, nowMs: number): void {
    const times = (this.#failed.get(hour)?.times ?? 0) + 1;
    const waitMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** (times - 1));
    this.#failed.set(hour, { times, untilMs: nowMs + waitMs });
  }

  /** Forgets all but these hours. */
  keepOnly(hours: ReadonlySet<number>): void {
    for (const hour of this.#failed.keys()) if (!hours.has(hour)) this.#failed.delete(hour);
  }
}
