import { ALTITUDE_UNKNOWN } from "@glowworm/protocol";
import { accuracyDmFromMetres, e7FromDegrees, type Fix } from "./position.ts";

/** How exactly a relay says where it is. */
export const PRECISIONS = ["exact", "250m", "1km"] as const;
export type Precision = (typeof PRECISIONS)[number];

const CELL_METRES: Readonly<Record<Exclude<Precision, "exact">, number>> = {
  "250m": 250,
  "1km": 1000,
};

/** Half a meridian of WGS 84, metres. */
const HALF_MERIDIAN_METRES = 20_003_931;
/** The equator of WGS 84, metres. */
const EQUATOR_METRES = 40_075_017;
/** Largest radius of curvature of WGS 84, metres: a distance taken on a sphere of this size is never too short. */
const CURVATURE_METRES_MAX = 6_399_594;
/** Accuracy is given in quarters of a cell: its flicker would otherwise say more than the cell does. */
const ACCURACY_STEPS_PER_CELL = 4;

interface Cell {
  /** Degrees. */
  readonly south: number;
  readonly north: number;
  readonly west: number;
  readonly east: number;
}

/**
 * The fix as the runner wants it to be told: as it is, or the centre of its cell in a fixed grid, without altitude,
 * with a radius that holds both the cell and the error of the fix. Every place in a cell gives the same centre.
 */
export function coarsen(fix: Fix, precision: Precision): Fix {
  if (precision === "exact") return fix;
  const size = CELL_METRES[precision];
  const cell = cellOf(fix.latitudeE7 / 1e7, fix.longitudeE7 / 1e7, size);
  const latitude = (cell.south + cell.north) / 2;
  const longitude = (cell.west + cell.east) / 2;
  const step = size / ACCURACY_STEPS_PER_CELL;
  const fixRadius = Math.ceil(fix.accuracyDm / 10 / step) * step;
  return {
    ...fix,
    latitudeE7: e7FromDegrees(latitude),
    longitudeE7: e7FromDegrees(longitude),
    accuracyDm: accuracyDmFromMetres(cellRadius(cell) + fixRadius),
    altitudeMetres: ALTITUDE_UNKNOWN,
  };
}

/**
 * The cell that holds a place: bands of equal height from pole to pole, each cut into equal parts about as wide as
 * high, the first one beginning at the antimeridian. Poles belong to the outermost bands, 180 degrees east to the
 * first cell.
 */
function cellOf(latitude: number, longitude: number, size: number): Cell {
  const bands = Math.round(HALF_MERIDIAN_METRES / size);
  const height = 180 / bands;
  const band = Math.min(Math.floor((latitude + 90) / height), bands - 1);
  const south = -90 + band * height;
  const around = EQUATOR_METRES * Math.cos(radians(south + height / 2));
  const cells = Math.max(1, Math.round(around / size));
  const width = 360 / cells;
  const column = Math.floor((longitude + 180) / width) % cells;
  const west = -180 + column * width;
  return { south, north: south + height, west, east: west + width };
}

/** Metres from the centre of a cell to its farthest corner, which is its farthest point. */
function cellRadius(cell: Cell): number {
  const centre = (cell.south + cell.north) / 2;
  const aside = (cell.east - cell.west) / 2;
  return Math.max(
    sphereDistance(centre, cell.south, aside),
    sphereDistance(centre, cell.north, aside),
  );
}

/** Metres between two latitudes `aside` degrees of longitude apart. */
function sphereDistance(latitudeA: number, latitudeB: number, aside: number): number {
  const a = radians(latitudeA);
  const b = radians(latitudeB);
  const haversine =
    Math.sin((b - a) / 2) ** 2 + Math.cos(a) * Math.cos(b) * Math.sin(radians(aside) / 2) ** 2;
  return 2 * CURVATURE_METRES_MAX * Math.asin(Math.min(1, Math.sqrt(haversine)));
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
