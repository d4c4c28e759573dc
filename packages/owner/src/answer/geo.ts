/** A place on the globe: degrees, WGS 84. */
export interface Coordinates {
  readonly latitude: number;
  readonly longitude: number;
}

/** A direction from the centre of the globe, of any length: no seam at the antimeridian, none at the poles. */
export type Direction = readonly [x: number, y: number, z: number];

/** Mean radius of the earth (IUGG). Taking the earth for a sphere is wrong by at most 0.6 %: half a metre in 100. */
export const EARTH_RADIUS_METRES: number = 6_371_008.8;
const DEGREE = Math.PI / 180;

/** Unit vector of a place. */
export function directionOf(place: Coordinates): Direction {
  const latitude = place.latitude * DEGREE;
  const longitude = place.longitude * DEGREE;
  const cos = Math.cos(latitude);
  return [cos * Math.cos(longitude), cos * Math.sin(longitude), Math.sin(latitude)];
}

/** The place in a direction. */
export function placeIn([x, y, z]: Direction): Coordinates {
  return {
    latitude: Math.atan2(z, Math.hypot(x, y)) / DEGREE,
    longitude: Math.atan2(y, x) / DEGREE,
  };
}

/** Metres along the surface between two unit vectors: exact for neighbours and for antipodes. */
export function metresBetween(a: Direction, b: Direction): number {
  const chord = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
  return 2 * EARTH_RADIUS_METRES * Math.asin(Math.min(1, chord / 2));
}

/** The place around which others lie evenly: the direction of their weighted sum. */
export function weightedCentre(
  points: readonly { readonly direction: Direction; readonly weight: number }[],
): Coordinates {
  let [x, y, z] = [0, 0, 0];
  for (const { direction, weight } of points) {
    x += weight * direction[0];
    y += weight * direction[1];
    z += weight * direction[2];
  }
  return placeIn([x, y, z]);
}
