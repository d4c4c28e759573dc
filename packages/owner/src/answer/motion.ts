import { type Direction, EARTH_RADIUS_METRES } from "./geo.ts";

/** Where something was, how long before the newest of its kind. */
export interface AgedPoint {
  readonly direction: Direction;
  /** Metres, 68 %. */
  readonly sigma: number;
  readonly ageSeconds: number;
}

/** How points of a few minutes may have moved. */
export interface Motion {
  readonly metresPerSecond: number;
  /** Whether the points show it, or are merely too few or too vague to exclude it. */
  readonly isShown: boolean;
}

/** Somebody who carries it off unnoticed walks; a faster thief shows. */
const WALKING_METRES_PER_SECOND = 1.5;
/** Standard errors of the slope, which are of 68 %: resting points reach this many in one case of a hundred. */
const ERRORS_SHOWN = 2;

/** The slope of the weighted line of least squares through points, or the speed that hides in its error. */
export function motionOf(points: readonly AgedPoint[]): Motion {
  const mean = meanAge(points);
  let levers = 0;
  let [x, y, z] = [0, 0, 0];
  for (const { direction, sigma, ageSeconds } of points) {
    const lever = (ageSeconds - mean) / sigma ** 2;
    levers += lever * (ageSeconds - mean);
    x += lever * direction[0];
    y += lever * direction[1];
    z += lever * direction[2];
  }
  if (levers === 0) return { metresPerSecond: WALKING_METRES_PER_SECOND, isShown: false };
  const slope = (EARTH_RADIUS_METRES * Math.hypot(x, y, z)) / levers;
  const error = 1 / Math.sqrt(levers);
  return slope > ERRORS_SHOWN * error
    ? { metresPerSecond: slope, isShown: true }
    : { metresPerSecond: Math.min(WALKING_METRES_PER_SECOND, error), isShown: false };
}

/** Mean age of points in seconds, each weighing as much as it does in their mean place. */
export function meanAge(points: readonly AgedPoint[]): number {
  let [weights, ages] = [0, 0];
  for (const { sigma, ageSeconds } of points) {
    weights += sigma ** -2;
    ages += ageSeconds * sigma ** -2;
  }
  return ages / weights;
}
