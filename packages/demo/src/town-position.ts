import { ALTITUDE_UNKNOWN, type RandomSource, randomFraction } from "@glowworm/protocol";
import type { Spot } from "@glowworm/radio";
import type { Fix, PositionSource } from "@glowworm/relay";
import { degreesOf } from "./town.ts";

/** How long an error of a satellite receiver lasts: it drifts, it does not jump. */
const DRIFT_MS = 30_000;
/** 68 % of errors in the plane are within 1.51 standard deviations of one axis (Rayleigh distribution). */
const RADIUS_68 = 1.51;

/** What a relay in the simulated town believes about its place: the truth, off by a few metres. */
export class TownPosition implements PositionSource {
  readonly #at: (nowMs: number) => Spot;
  readonly #random: RandomSource;
  readonly #sigmaMetres: number;
  #error: Spot = { x: 0, y: 0 };
  #errorUntilMs = 0;

  constructor(at: (nowMs: number) => Spot, random: RandomSource, sigmaMetres: number) {
    this.#at = at;
    this.#random = random;
    this.#sigmaMetres = sigmaMetres;
  }

  current(nowMs: number): Fix {
    if (nowMs >= this.#errorUntilMs) this.#drift(nowMs);
    const truth = this.#at(nowMs);
    const place = degreesOf({ x: truth.x + this.#error.x, y: truth.y + this.#error.y });
    return {
      latitudeE7: Math.round(place.latitude * 1e7),
      longitudeE7: Math.round(place.longitude * 1e7),
      accuracyDm: Math.round(this.#sigmaMetres * RADIUS_68 * 10),
      altitudeMetres: ALTITUDE_UNKNOWN,
      source: "gnss",
      atMs: nowMs,
    };
  }

  describe(): string {
    return "simulated receiver";
  }

  #drift(nowMs: number): void {
    const axis = (): number => this.#sigmaMetres * gaussian(this.#random);
    this.#error = { x: axis(), y: axis() };
    this.#errorUntilMs = nowMs + DRIFT_MS;
  }
}

/** A normally distributed number with mean 0 and standard deviation 1 (Box and Muller, 1958). */
function gaussian(random: RandomSource): number {
  const radius = Math.sqrt(-2 * Math.log(1 - randomFraction(random)));
  return radius * Math.cos(2 * Math.PI * randomFraction(random));
}
