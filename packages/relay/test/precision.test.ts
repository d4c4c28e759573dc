import { ALTITUDE_UNKNOWN } from "@glowworm/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import type { Fix } from "../src/index.ts";
import { coarsen } from "../src/precision.ts";
import { FIX } from "./support/beacons.ts";

const LATITUDE = fc.oneof(
  fc.integer({ min: -900_000_000, max: 900_000_000 }),
  fc.constantFrom(-900_000_000, 900_000_000, 0, 899_999_999, -899_990_000),
  fc.integer({ min: 899_900_000, max: 900_000_000 }),
);
const LONGITUDE = fc.oneof(
  fc.integer({ min: -1_800_000_000, max: 1_800_000_000 }),
  fc.constantFrom(-1_800_000_000, 1_800_000_000, 0, 1_799_999_999),
);
const ACCURACY = fc.integer({ min: 0, max: 50_000 });
const COARSE = fc.constantFrom("250m" as const, "1km" as const);
const SIZE_METRES = { "250m": 250, "1km": 1000 } as const;

function at(latitudeE7: number, longitudeE7: number, accuracyDm = 50): Fix {
  return { ...FIX, latitudeE7, longitudeE7, accuracyDm };
}

/** Straight line through the ellipsoid (WGS 84), metres: over a kilometre shorter than the way by a nanometre. */
function chordMetres(a: Fix, b: Fix): number {
  const [p, q] = [cartesian(a), cartesian(b)];
  return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
}

function cartesian(fix: Fix): [number, number, number] {
  const [f, l] = [fix.latitudeE7, fix.longitudeE7].map((e7) => ((e7 / 1e7) * Math.PI) / 180);
  const [latitude = 0, longitude = 0] = [f, l];
  const eccentricity = 0.00669437999014;
  const n = 6_378_137 / Math.sqrt(1 - eccentricity * Math.sin(latitude) ** 2);
  return [
    n * Math.cos(latitude) * Math.cos(longitude),
    n * Math.cos(latitude) * Math.sin(longitude),
    n * (1 - eccentricity) * Math.sin(latitude),
  ];
}

it("leaves an exact fix as it is", () => {
  expect(coarsen(FIX, "exact")).toEqual(FIX);
});

describe("a coarse position", () => {
  it("has the true place within its radius, everywhere on Earth", () => {
    fc.assert(
      fc.property(LATITUDE, LONGITUDE, ACCURACY, COARSE, (lat, lon, accuracy, precision) => {
        const fix = at(lat, lon, accuracy);
        const told = coarsen(fix, precision);
        expect(chordMetres(fix, told) + accuracy / 10).toBeLessThanOrEqual(told.accuracyDm / 10);
      }),
      effort(20_000, 14),
    );
  });

  it("is in range, and no wider than three quarters of a cell each way and the error of the fix", () => {
    fc.assert(
      fc.property(LATITUDE, LONGITUDE, COARSE, (lat, lon, precision) => {
        const told = coarsen(at(lat, lon), precision);
        expect(Math.abs(told.latitudeE7)).toBeLessThanOrEqual(900_000_000);
        expect(Math.abs(told.longitudeE7)).toBeLessThanOrEqual(1_800_000_000);
        const size = SIZE_METRES[precision];
        expect(told.accuracyDm / 10).toBeLessThan(size * 0.9 + size / 4);
        expect(told.accuracyDm / 10).toBeGreaterThan(size * 0.6);
      }),
      effort(20_000, 15),
    );
  });

  it("depends on the cell alone: telling its centre again changes nothing", () => {
    fc.assert(
      fc.property(LATITUDE, LONGITUDE, ACCURACY, COARSE, (lat, lon, accuracy, precision) => {
        const told = coarsen(at(lat, lon, accuracy), precision);
        const again = coarsen(at(told.latitudeE7, told.longitudeE7, accuracy), precision);
        expect(again).toEqual(told);
      }),
      effort(20_000, 16),
    );
  });

  it("is one of a few for all the places of a street, however good the fix", () => {
    const told = new Set<string>();
    for (let metre = 0; metre < 200; metre++) {
      const fix = at(522_297_000 + metre * 90, 210_122_000, 20 + (metre % 300));
      told.add(JSON.stringify(coarsen(fix, "1km")));
    }
    expect(told.size).toBeLessThanOrEqual(2);
  });

  it("has no altitude", () => {
    expect(coarsen(FIX, "1km").altitudeMetres).toBe(ALTITUDE_UNKNOWN);
  });

  it("is the same on both names of the antimeridian", () => {
    const east = coarsen(at(0, 1_800_000_000), "250m");
    expect(east).toEqual(coarsen(at(0, -1_800_000_000), "250m"));
  });
});
