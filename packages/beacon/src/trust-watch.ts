import type { ClockTrust } from "@glowworm/platform";
import type { Clock } from "@glowworm/protocol";

/** Asking may start a process, so it is done no more often. */
const ASK_EVERY_SECONDS = 60;
/** Wall and boot time going further apart than this from one step to the next: somebody set the clock. */
const JUMP_SECONDS = 5;

interface Glance {
  readonly wall: number;
  readonly boot: number;
}

/** Remembers whether the clock can be trusted. A clock that jumps loses its trust until the next answer. */
export class TrustWatch {
  readonly #trust: ClockTrust;
  readonly #clock: Clock;
  #isTrusted = false;
  #askedAt: number | null = null;
  #last: Glance | null = null;

  constructor(trust: ClockTrust, clock: Clock) {
    this.#trust = trust;
    this.#clock = clock;
  }

  /** Whether the wall clock is right as far as is known now. Call at every step. */
  look(): boolean {
    const now = { wall: this.#clock.nowMs() / 1000, boot: this.#trust.bootSeconds() };
    if (this.#last !== null && gap(this.#last, now) > JUMP_SECONDS) this.#isTrusted = false;
    this.#last = now;
    return this.#isTrusted;
  }

  /** Asks the machine when it is time to. */
  async askIfDue(): Promise<void> {
    const now = this.#trust.bootSeconds();
    if (this.#askedAt !== null && now - this.#askedAt < ASK_EVERY_SECONDS) return;
    this.#askedAt = now;
    this.#isTrusted = await this.#trust.isSynchronised();
  }
}

function gap(before: Glance, now: Glance): number {
  return Math.abs(now.wall - before.wall - (now.boot - before.boot));
}
