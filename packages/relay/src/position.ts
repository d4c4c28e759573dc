import type { Sighting } from "@glowworm/protocol";

/** Where the relay is, as far as it knows. Degrees and the rest in the units of a sighting. */
export interface Fix {
  /** 1e-7 degrees, WGS 84. */
  readonly latitudeE7: number;
  /** 1e-7 degrees, WGS 84. */
  readonly longitudeE7: number;
  /** Decimetres, 68 % radius; 65535 means that or more. */
  readonly accuracyDm: number;
  /** Metres above the ellipsoid, or `ALTITUDE_UNKNOWN`. */
  readonly altitudeMetres: number;
  readonly source: Sighting["source"];
  /** Wall time at which it was true, milliseconds since the Unix epoch. */
  readonly atMs: number;
}

/** Knows where the relay is, or says that it does not. Never guesses. */
export interface PositionSource {
  /** The position at a wall time in milliseconds; null when none is good enough. Called for every frame: must be cheap. */
  current(nowMs: number): Fix | null;
  /** Where positions come from and how that is going, for the runner's eyes. Holds no coordinates. */
  describe(): string;
}

/** A number of 1e-7 degrees from degrees. */
export function e7FromDegrees(degrees: number): number {
  return Math.round(degrees * 1e7);
}

/** Decimetres from metres, rounded up so that the radius never promises too much; saturates at 65535. */
export function accuracyDmFromMetres(metres: number): number {
  return Math.min(Math.ceil(metres * 10), ACCURACY_DM_MAX);
}

const ACCURACY_DM_MAX = 0xffff;
