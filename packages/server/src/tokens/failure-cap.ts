import { type Clock, HOUR_SECONDS, hourOf, secondsNow } from "@glowworm/protocol";
import { retryLater } from "../http/problem.ts";
import type { IdCap, Reservation } from "../id-cap.ts";

const ID_BYTES = 16;
/** What failures are counted under, beside the ids of reports. */
const FAILURES = new Uint8Array(ID_BYTES);

/** Counts, for each network, tokens and invites that were not ours. */
export class FailureCap {
  readonly #cap: Pick<IdCap, "reserve">;
  readonly #clock: Clock;

  constructor(cap: Pick<IdCap, "reserve">, clock: Clock) {
    this.#cap = cap;
    this.#clock = clock;
  }

  /**
   * Counts one before anything is computed, to be released when it was none: who sends many at a time gains nothing by it.
   * @throws {ProblemError} `rate-limited`
   */
  count(prefix: string): Reservation {
    const now = secondsNow(this.#clock);
    const reservation = this.#cap.reserve(hourOf(now), prefix, FAILURES);
    if (reservation !== null) return reservation;
    const detail = "this network has sent too many tokens or invites that are not ours";
    throw retryLater("rate-limited", detail, HOUR_SECONDS - (now % HOUR_SECONDS));
  }
}
