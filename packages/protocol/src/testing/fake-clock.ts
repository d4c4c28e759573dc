import type { Clock } from "../world.ts";

interface Sleeper {
  readonly wakeAtMs: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is told to move. Wall and monotonic time can be moved apart. */
export class FakeClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;
  #sleepers: Sleeper[] = [];

  constructor(wallMs: number) {
    this.#wallMs = wallMs;
  }

  nowMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      this.#sleepers.push({ wakeAtMs: this.#monotonicMs + ms, wake });
      signal?.addEventListener("abort", wake);
    });
  }

  /** Lets time pass on both scales and wakes who slept until then. */
  advance(ms: number): void {
    this.#wallMs += ms;
    this.#monotonicMs += ms;
    const due = this.#sleepers.filter((sleeper) => sleeper.wakeAtMs <= this.#monotonicMs);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.wakeAtMs > this.#monotonicMs);
    for (const sleeper of due) sleeper.wake();
  }

  /** Sets the wall clock alone, as NTP or a person does. */
  setWall(ms: number): void {
    this.#wallMs = ms;
  }
}
