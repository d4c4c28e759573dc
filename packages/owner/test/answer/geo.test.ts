import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../../test/support/effort.ts";
import { directionOf, metresBetween, placeIn, weightedCentre } from "../../src/answer/geo.ts";

const place = fc.record({
  latitude: fc.double({ min: -90, max: 90, noNaN: true }),
  longitude: fc.double({ min: -180, max: 180, noNaN: true }),
});

describe("geometry on the globe", () => {
  it("comes back from a direction to within a millimetre, everywhere", async () => {
    await fc.assert(
      fc.property(place, (at) => {
        const there = directionOf(at);
        expect(metresBetween(there, directionOf(placeIn(there)))).toBeLessThan(0.001);
      }),
      effort(500, 7),
    );
  });

  it.each([
    [{ latitude: 0, longitude: 0 }, { latitude: 0, longitude: 1 }, 111_195],
    [{ latitude: 0, longitude: 179.9995 }, { latitude: 0, longitude: -179.9995 }, 111],
    [{ latitude: 89.9995, longitude: 0 }, { latitude: 89.9995, longitude: 180 }, 111],
    [{ latitude: 0, longitude: 0 }, { latitude: 0, longitude: 180 }, 20_015_115],
  ])("measures %j to %j as %i m", (from, to, metres) => {
    const measured = metresBetween(directionOf(from), directionOf(to));
    expect(Math.abs(measured - metres)).toBeLessThan(Math.max(1, metres / 1000));
  });

  it("finds the middle across the antimeridian and beside the pole", () => {
    const middleOf = (a: [number, number], b: [number, number]) =>
      weightedCentre(
        [a, b].map(([latitude, longitude]) => ({
          direction: directionOf({ latitude, longitude }),
          weight: 1,
        })),
      );
    expect(Math.abs(middleOf([10, 179.999], [10, -179.999]).longitude)).toBeCloseTo(180, 6);
    expect(middleOf([89.999, 0], [89.999, 180]).latitude).toBeCloseTo(90, 6);
  });
});
