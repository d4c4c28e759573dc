import { type Clock, type RandomSource, randomFraction } from "@glowworm/protocol";
import type { Advert, Advertiser, Scanner } from "./adverts.ts";

/** A place on the simulated ground, metres. */
export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** How a radio link behaves over a distance. */
export interface LinkModel {
  /** Median signal strength at one metre, dBm. */
  readonly rssiAtOneMetreDbm: number;
  /** 2 in free space, more where there are walls. */
  readonly pathLossExponent: number;
  /** Weakest signal that is received at all, dBm. */
  readonly sensitivityDbm: number;
  /** Share of advertisements lost to collisions and scan gaps at any strength. */
  readonly lossShare: number;
}

/** A laptop in a street with people in it: half of the frames arrive at 35 m, one in a hundred at 70 m. */
export const STREET: LinkModel = {
  rssiAtOneMetreDbm: -55,
  pathLossExponent: 2.5,
  sensitivityDbm: -95,
  lossShare: 0.3,
};

interface Ear {
  readonly at: () => Spot;
  onAdvert: ((advert: Advert) => void) | null;
}

/**
 * Radio for a whole town in one process: what an advertiser says reaches every scanner in range at once. Each
 * `Advertiser.set` is one advertising event. Deterministic for a given clock and random source.
 */
export class Air {
  readonly #clock: Clock;
  readonly #random: RandomSource;
  readonly #model: LinkModel;
  readonly #ears: Ear[] = [];

  constructor(clock: Clock, random: RandomSource, model: LinkModel) {
    this.#clock = clock;
    this.#random = random;
    this.#model = model;
  }

  /** A scanner that is wherever `at` says. */
  scanner(at: () => Spot): Scanner {
    const ear: Ear = { at, onAdvert: null };
    this.#ears.push(ear);
    return {
      start: (onAdvert) => {
        ear.onAdvert = onAdvert;
        return Promise.resolve();
      },
      stop: () => {
        ear.onAdvert = null;
        return Promise.resolve();
      },
    };
  }

  /** An advertiser that is wherever `at` says. */
  advertiser(at: () => Spot): Advertiser {
    let current: Uint8Array | null = null;
    return {
      start: () => Promise.resolve(),
      set: (data, address) => {
        current = address ?? current;
        this.#transmit(at(), data, current);
        return Promise.resolve();
      },
      stop: () => Promise.resolve(),
    };
  }

  #transmit(from: Spot, data: Uint8Array, address: Uint8Array | null): void {
    for (const ear of this.#ears) {
      if (ear.onAdvert === null) continue;
      const rssiDbm = this.#receive(from, ear.at());
      if (rssiDbm === null) continue;
      const copy = { data: data.slice(), address: address?.slice() ?? null };
      ear.onAdvert({ atMs: this.#clock.nowMs(), rssiDbm, ...copy });
    }
  }

  /** Signal strength at the other end, or null when the advertisement is lost. */
  #receive(from: Spot, to: Spot): number | null {
    const { rssiAtOneMetreDbm, pathLossExponent, sensitivityDbm, lossShare } = this.#model;
    const metres = Math.max(1, Math.hypot(from.x - to.x, from.y - to.y));
    const mean = rssiAtOneMetreDbm - 10 * pathLossExponent * Math.log10(metres);
    const rssiDbm = Math.round(mean + rayleighFadingDb(this.#random));
    const isLost = rssiDbm < sensitivityDbm || randomFraction(this.#random) < lossShare;
    return isLost ? null : rssiDbm;
  }
}

/** Power of a signal that arrives over many paths at once, against its mean: exponentially distributed, here in dB. */
function rayleighFadingDb(random: RandomSource): number {
  return 10 * Math.log10(-Math.log(1 - randomFraction(random)) + Number.MIN_VALUE);
}
