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
  /** Ids remembered. */
  readonly ids: number;
}

/**
 * 20 new ids a minute carry what passes a relay in a street, and bound what somebody can smuggle through one relay
 * by inventing beacons, or make it upload. A crowd that rotates at one moment is reported within its epoch all the
 * same: who lost the draw takes part in the next minute's. Beyond that many remembered ids the oldest are
 * forgotten: they count as new again, and so against the 20.
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
  /** Minute in which it was drawn out; null once it was reported. */
  readonly drawnOut: number | null;
}

/**
 * Decides which rebuilt keys are reported. Invariant: an id is reported at most `reportsPerId` times while it is
 * remembered, and never more than `ids` are remembered.
 */
export class ReportPolicy {
  readonly #random: RandomSource;
  readonly #limits: PolicyLimits;
  readonly #ids = new Map<string, Remembered>();
  #minute = Number.NEGATIVE_INFINITY;
  #newInMinute = 0;

  constructor(random: RandomSource, limits: PolicyLimits = POLICY_LIMITS) {
    this.#random = random;
    this.#limits = limits;
  }

  /** Ids remembered. */
  get size(): number {
    return this.#ids.size;
  }

  /** The verdict on an offer at a wall time in milliseconds; a yes is remembered as reported. */
  decide(offer: Offer, nowMs: number): Verdict {
    const minute = Math.floor(nowMs / MINUTE_MS);
    const known = this.#recall(offer.id, nowMs);
    if (known === undefined || known.drawnOut !== null) {
      if (known?.drawnOut === minute) return "sampled-out";
      return this.#decideNew(offer, nowMs, minute);
    }
    if (known.reports >= this.#limits.reportsPerId || !isMuchBetter(offer, known.last)) {
      return "same";
    }
    this.#ids.set(offer.id, { ...known, reports: known.reports + 1, last: offer });
    return "better";
  }

  #decideNew(offer: Offer, nowMs: number, minute: number): Verdict {
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#newInMinute = 0;
    }
    this.#newInMinute++;
    const isDrawn = this.#isDrawn();
    const drawnOut = isDrawn ? null : minute;
    this.#remember(offer, { sinceMs: nowMs, reports: isDrawn ? 1 : 0, last: offer, drawnOut });
    return isDrawn ? "first" : "sampled-out";
  }

  /** The n-th new id of a minute beyond the cap passes with probability cap / n: a flood gains with its logarithm. */
  #isDrawn(): boolean {
    const cap = this.#limits.newIdsPerMinute;
    return this.#newInMinute <= cap || randomFraction(this.#random) < cap / this.#newInMinute;
  }

  #recall(id: string, nowMs: number): Remembered | undefined {
    const known = this.#ids.get(id);
    return known === undefined || Math.abs(nowMs - known.sinceMs) >= MEMORY_MS ? undefined : known;
  }

  #remember(offer: Offer, entry: Remembered): void {
    this.#ids.delete(offer.id);
    this.#ids.set(offer.id, entry);
    if (this.#ids.size > this.#limits.ids) {
      const [oldest] = this.#ids.keys();
      if (oldest !== undefined) this.#ids.delete(oldest);
    }
  }
}

function isMuchBetter(offer: Offer, last: Offer): boolean {
  const gainDm = last.accuracyDm - offer.accuracyDm;
  if (offer.accuracyDm * 2 <= last.accuracyDm && gainDm >= ACCURACY_GAIN_DM) return true;
  if (offer.rssiDbm === null || last.rssiDbm === null) return false;
  return offer.rssiDbm - last.rssiDbm >= RSSI_GAIN_DB;
}
