/** Metres east and north of the origin. */
export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** Degrees at the origin of the ground. */
const ORIGIN = { latitude: 52.2296756, longitude: 21.0122287 } as const;
export const METRES_PER_DEGREE = 111_195;

/** Signal strength in dBm at a distance in metres, without fading: 0 dBm in free space. */
export function signalAt(metres: number): number {
  return -59 - 20 * Math.log10(Math.max(1, metres));
}

/** Metres between two spots. */
export function distance(a: Spot, b: Spot): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/** Degrees of a spot: the ground is small enough to be flat. */
export function degreesOf({ x, y }: Spot): { latitude: number; longitude: number } {
  return {
    latitude: ORIGIN.latitude + y / METRES_PER_DEGREE,
    longitude: ORIGIN.longitude + x / metresPerDegreeEast(),
  };
}

/** The spot of a latitude and longitude in degrees. */
export function spotOf(place: { latitude: number; longitude: number }): Spot {
  return {
    x: (place.longitude - ORIGIN.longitude) * metresPerDegreeEast(),
    y: (place.latitude - ORIGIN.latitude) * METRES_PER_DEGREE,
  };
}

function metresPerDegreeEast(): number {
  return METRES_PER_DEGREE * Math.cos((ORIGIN.latitude * Math.PI) / 180);
}
