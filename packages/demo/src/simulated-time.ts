import type { Clock, Stepper } from "@glowworm/protocol";

interface Turn {
  readonly atMs: number;
  /** Breaks ties, so that one seed always gives one order. */
  readonly number: number;
  readonly stepper: Stepper;
}

/**
 * A clock that jumps from one turn to the next and waits for each turn to end, real input and output included,
 * before time goes on: a simulated hour takes as long as its work does, and always the same course.
 */
export class SimulatedTime implements Clock {
  readonly #startMs: number;
  #nowMs: number;
  #turns: Turn[] = [];
  #turnsTaken = 0;

  constructor(startMs: number) {
    this.#startMs = startMs;
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs;
  }

  /**
   * Ends with the signal only. Time stands still within a turn, so that what sleeps there is a time-out, and in a
   * simulation none runs out.
   */
  sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    if (signal === undefined || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** Gives a stepper turns from now on. */
  add(stepper: Stepper): void {
    this.#schedule(stepper, this.#nowMs);
  }

  /** Takes every turn up to a time, then stands at it. */
  async runUntil(untilMs: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const turn = this.#turns[0];
      if (turn === undefined || turn.atMs > untilMs) break;
      this.#turns.shift();
      this.#nowMs = turn.atMs;
      const waitMs = await turn.stepper.step();
      this.#schedule(turn.stepper, turn.atMs + Math.max(1, waitMs));
    }
    this.#nowMs = untilMs;
  }

  #schedule(stepper: Stepper, atMs: number): void {
    this.#turnsTaken += 1;
    const turn: Turn = { atMs, number: this.#turnsTaken, stepper };
    const index = this.#turns.findIndex((other) => isBefore(turn, other));
    this.#turns.splice(index === -1 ? this.#turns.length : index, 0, turn);
  }
}

function isBefore(a: Turn, b: Turn): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.number < b.number);
}
