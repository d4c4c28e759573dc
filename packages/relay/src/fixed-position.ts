import { ALTITUDE_UNKNOWN } from "@glowworm/protocol";
import { accuracyDmFromMetres, e7FromDegrees, type Fix, type PositionSource } from "./position.ts";

/** A place that a person wrote down, in degrees and metres. */
export interface WrittenPlace {
  readonly latitude: number;
  readonly longitude: number;
  readonly accuracyMetres: number;
}

/** A relay that does not move. */
export class FixedPosition implements PositionSource {
  readonly #place: Omit<Fix, "atMs">;

  constructor(place: WrittenPlace) {
    this.#place = {
      latitudeE7: e7FromDegrees(place.latitude),
      longitudeE7: e7FromDegrees(place.longitude),
      accuracyDm: accuracyDmFromMetres(place.accuracyMetres),
      altitudeMetres: ALTITUDE_UNKNOWN,
      source: "fixed",
    };
  }

  current(nowMs: number): Fix {
    return { ...this.#place, atMs: nowMs };
  }

  describe(): string {
    return "the place given with --at";
  }
}
