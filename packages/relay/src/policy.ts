import { EPOCH_SECONDS, type RandomSource, randomFraction } from "@glowworm/protocol";

/** What could be reported of an id now. */
export interface Offer {
  /** Any stable name of the key. */
  readonly id: string;
  readonly accuracyDm: number;
  readonly rssiDbm: number | null;
}

/**
 * `first`, `better`: report it. `same`: reported already. `sampled-out`: too many new ids in this minute; it may
 * come up again in the next.
 */
export type Verdict = "first" | "better" | "same" | "sampled-out";

/** Numbers of the reporting policy. */
export interface PolicyLimits {
  /** New ids a minute that are reported without a draw. */
  readonly newIdsPerMinute: number;
  /** Reports of one id while it is remembered. */
  readonly reportsPerId: number;
  /** Reported ids that are remembered; and, for the rest of its minute, as many that lost the draw. */
  readonly ids: number;
}

/**
 * 20 new ids a minute carry what passes a relay in a street, and bound what somebody can smuggle through one relay
 * by inventing beacons, or make it upload. A crowd that rotates at one moment is reported within its epoch all the
 * same: who lost the draw takes part in the next minute's. Beyond that many remembered ids the oldest are
 * forgotten: they count as new again, and so against the 20. Ids that lost push out none that were reported.
 */
export const POLICY_LIMITS: PolicyLimits = { newIdsPerMinute: 20, reportsPerId: 2, ids: 8192 };

/**
 * An id is on the air for one epoch. Whoever replays it later, or a beacon that repeats its epoch after a reboot,
 * brings one more report in ten minutes at most.
 */
const MEMORY_MS: number = 2 * EPOCH_SECONDS * 1000;
const MINUTE_MS = 60_000;
/** A fix is much better when its radius is at most half and the gain is worth a walk. */
const ACCURACY_GAIN_DM = 100;
/** 15 dB: about a fifth of the distance in the open, well above what a turning body or a passing car makes. */
const RSSI_GAIN_DB = 15;

interface Remembered {
  readonly sinceMs: number;
  readonly reports: number;
  readonly last: Offer;
}

/**
 * Decides which rebuilt keys are reported. Invariant: an id is reported at most `reportsPerId` times while it is
 * remembered, and never more than twice `ids` are remembered.
 */
export class ReportPolicy {
  readonly #random: RandomSource;
  readonly #limits: PolicyLimits;
  readonly #reported = new Map<string, Remembered>();
  /** Ids that lost the draw in this minute. */
  readonly #drawnOut = new Set<string>();
  #minute = Number.NEGATIVE_INFINITY;
  #newInMinute = 0;

  constructor(random: RandomSource, limits: PolicyLimits = POLICY_LIMITS) {
    this.#random = random;
    this.#limits = limits;
  }

  /** Ids remembered. */
  get size(): number {
    return this.#reported.size + this.#drawnOut.size;
  }

  /** The verdict on an offer at a wall time in milliseconds; a yes is remembered as reported. */
  decide(offer: Offer, nowMs: number): Verdict {
    const known = this.#recall(offer.id, nowMs);
    if (known === undefined) return this.#decideNew(offer, nowMs);
    if (known.reports >= this.#limits.reportsPerId || !isMuchBetter(offer, known.last)) {
      return "same";
    }
    this.#reported.set(offer.id, { ...known, reports: known.reports + 1, last: offer });
    return "better";
  }

  #decideNew(offer: Offer, nowMs: number): Verdict {
    const minute = Math.floor(nowMs / MINUTE_MS);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#newInMinute = 0;
      this.#drawnOut.clear();
    }
    if (this.#drawnOut.has(offer.id)) return "sampled-out";
    this.#newInMinute++;
    if (!this.#isDrawn()) {
      this.#drawnOut.add(offer.id);
      this.#forgetOldest(this.#drawnOut);
      return "sampled-out";
    }
    this.#reported.delete(offer.id);
    this.#reported.set(offer.id, { sinceMs: nowMs, reports: 1, last: offer });
    this.#forgetOldest(this.#reported);
    return "first";
  }

  /** The n-th new id of a minute beyond the cap passes with probability cap / n: a flood gains with its logarithm. */
  #isDrawn(): boolean {
    const cap = this.#limits.newIdsPerMinute;
    return this.#newInMinute <= cap || randomFraction(this.#random) < cap / this.#newInMinute;
  }

  #recall(id: string, nowMs: number): Remembered | undefined {
    const known = this.#reported.get(id);
    return known === undefined || Math.abs(nowMs - known.sinceMs) >= MEMORY_MS ? undefined : known;
  }

  #forgetOldest(ids: Map<string, Remembered> | Set<string>): void {
    if (ids.size <= this.#limits.ids) return;
    const [oldest] = ids.keys();
    if (oldest !== undefined) ids.delete(oldest);
  }
}

function isMuchBetter(offer: Offer, last: Offer): boolean {
  const gainDm = last.accuracyDm - offer.accuracyDm;
  if (offer.accuracyDm * 2 <= last.accuracyDm && gainDm >= ACCURACY_GAIN_DM) return true;
  if (offer.rssiDbm === null || last.rssiDbm === null) return false;
  return offer.rssiDbm - last.rssiDbm >= RSSI_GAIN_DB;
}
