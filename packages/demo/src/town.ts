import { type RandomSource, randomFraction } from "@glowworm/protocol";
import type { Spot } from "@glowworm/radio";

/** Streets run both ways every so many metres, from 0 to the edge. */
const BLOCK_METRES = 100;
const BLOCKS = 6;
const METRES_PER_DEGREE = 111_195;

/** Where the simulated ground touches the earth: its corner, in degrees. */
const TOWN_ORIGIN = { latitude: 52.0116, longitude: 4.3571 } as const;

/** Degrees of a spot: the ground is small enough to be flat. */
export function degreesOf(spot: Spot): { latitude: number; longitude: number } {
  const scale = Math.cos((TOWN_ORIGIN.latitude * Math.PI) / 180);
  return {
    latitude: TOWN_ORIGIN.latitude + spot.y / METRES_PER_DEGREE,
    longitude: TOWN_ORIGIN.longitude + spot.x / (METRES_PER_DEGREE * scale),
  };
}

/** The spot of a latitude and longitude in degrees. */
export function spotOf(latitude: number, longitude: number): Spot {
  const scale = Math.cos((TOWN_ORIGIN.latitude * Math.PI) / 180);
  return {
    x: (longitude - TOWN_ORIGIN.longitude) * METRES_PER_DEGREE * scale,
    y: (latitude - TOWN_ORIGIN.latitude) * METRES_PER_DEGREE,
  };
}

/** A random street corner. */
export function randomCorner(random: RandomSource): Spot {
  const block = (): number => Math.floor(randomFraction(random) * (BLOCKS + 1)) * BLOCK_METRES;
  return { x: block(), y: block() };
}

interface Leg {
  readonly fromMs: number;
  readonly toMs: number;
  readonly from: Spot;
  readonly to: Spot;
}

/** Somebody who goes along the streets from corner to corner and now and then stands still. */
export class Walker {
  readonly #random: RandomSource;
  readonly #metresPerSecond: number;
  #leg: Leg;

  constructor(random: RandomSource, startMs: number) {
    this.#random = random;
    this.#metresPerSecond = 1 + 0.8 * randomFraction(random);
    const corner = randomCorner(random);
    this.#leg = { fromMs: startMs, toMs: startMs, from: corner, to: corner };
  }

  /** Where the walker is. Ask in order of time. */
  at(nowMs: number): Spot {
    while (nowMs > this.#leg.toMs) this.#leg = this.#nextLeg(this.#leg);
    return between(this.#leg, nowMs);
  }

  #nextLeg(last: Leg): Leg {
    const isPausing = randomFraction(this.#random) < 0.15;
    const to = isPausing ? last.to : this.#neighbour(last.to);
    const metres = isPausing ? BLOCK_METRES : distance(last.to, to);
    const ms = (1000 * metres) / this.#metresPerSecond;
    return { fromMs: last.toMs, toMs: last.toMs + ms, from: last.to, to };
  }

  #neighbour(corner: Spot): Spot {
    const choices = [
      { x: corner.x + BLOCK_METRES, y: corner.y },
      { x: corner.x - BLOCK_METRES, y: corner.y },
      { x: corner.x, y: corner.y + BLOCK_METRES },
      { x: corner.x, y: corner.y - BLOCK_METRES },
    ].filter((spot) => isInTown(spot));
    return choices[Math.floor(randomFraction(this.#random) * choices.length)] ?? corner;
  }
}

/** Where the laptop is: left at one place, carried off in a straight line, left at another. */
export class CarriedLaptop {
  readonly #leg: Leg;

  constructor(from: Spot, to: Spot, takenAtMs: number, droppedAtMs: number) {
    this.#leg = { fromMs: takenAtMs, toMs: droppedAtMs, from, to };
  }

  at(nowMs: number): Spot {
    return between(this.#leg, nowMs);
  }
}

/** Metres between two spots. */
export function distance(a: Spot, b: Spot): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function between(leg: Leg, nowMs: number): Spot {
  const length = Math.max(1, leg.toMs - leg.fromMs);
  const share = Math.min(1, Math.max(0, (nowMs - leg.fromMs) / length));
  return {
    x: leg.from.x + share * (leg.to.x - leg.from.x),
    y: leg.from.y + share * (leg.to.y - leg.from.y),
  };
}

function isInTown(spot: Spot): boolean {
  const edge = BLOCKS * BLOCK_METRES;
  return spot.x >= 0 && spot.y >= 0 && spot.x <= edge && spot.y <= edge;
}
