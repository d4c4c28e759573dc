import { type Clock, type RandomSource, randomFraction } from "@glowworm/protocol";

const BACKOFF_MS_MIN = 2_000;
const BACKOFF_MS_MAX = 600_000;
/** After a wait that the server named, relays come back spread over this time. */
const RETRY_SPREAD_MS = 10_000;

/** When to ask a server again. Exponential with full jitter: relays that lost it together do not come back together. */
export class Backoff {
  readonly #world: { readonly clock: Clock; readonly random: RandomSource };
  #failures = 0;
  /** Monotonic time before which nothing is tried. */
  #waitUntilMs = Number.NEGATIVE_INFINITY;

  constructor(world: { readonly clock: Clock; readonly random: RandomSource }) {
    this.#world = world;
  }

  /** Whether a wait is on. */
  get isWaiting(): boolean {
    return this.#world.clock.monotonicMs() < this.#waitUntilMs;
  }

  /** The server did as it should. */
  succeeded(): void {
    this.#failures = 0;
    this.#waitUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** It did not, and may have named a wait. */
  failed(retryAfterMs: number): void {
    const { clock, random } = this.#world;
    const ceiling = Math.min(BACKOFF_MS_MIN * 2 ** this.#failures, BACKOFF_MS_MAX);
    const spread = retryAfterMs > 0 ? Math.max(RETRY_SPREAD_MS, ceiling) : ceiling;
    this.#waitUntilMs = clock.monotonicMs() + retryAfterMs + randomFraction(random) * spread;
    this.#failures++;
  }
}
