import { describe, expect, it } from "vitest";
import { directionOf } from "../../src/answer/geo.ts";
import { type AgedPoint, meanAge, motionOf } from "../../src/answer/motion.ts";
import { HERE } from "../support/reports.ts";

function point(ageSeconds: number, northMetres: number, sigma = 10): AgedPoint {
  const latitude = HERE.latitude + northMetres / 111_195;
  return { direction: directionOf({ ...HERE, latitude }), sigma, ageSeconds };
}

describe("motion", () => {
  it("is shown by points in a row, at their speed", () => {
    const { metresPerSecond, isShown } = motionOf([0, 100, 200].map((age) => point(age, -2 * age)));
    expect(isShown).toBe(true);
    expect(metresPerSecond).toBeCloseTo(2, 3);
  });

  it("is not shown by points in one place; the more there are, the less can hide", () => {
    const few = motionOf([0, 100, 200].map((age) => point(age, 0)));
    const many = motionOf(
      [0, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200].map((age) => point(age, 0)),
    );
    expect([few.isShown, many.isShown]).toEqual([false, false]);
    expect(many.metresPerSecond).toBeLessThan(few.metresPerSecond);
    expect(few.metresPerSecond).toBeLessThan(0.1);
  });

  it("is not shown by points that are vaguer than the way between them", () => {
    expect(motionOf([point(0, 0, 50), point(100, 90, 50)])).toMatchObject({ isShown: false });
  });

  it("may be a walk where one point, or points of one moment, say nothing", () => {
    const walk = { metresPerSecond: 1.5, isShown: false };
    expect(motionOf([point(0, 0)])).toEqual(walk);
    expect(motionOf([point(0, 0), point(0, 20)])).toEqual(walk);
    expect(motionOf([point(0, 0), point(3, 20)])).toEqual(walk);
  });

  it("gives exact points more say in the mean age", () => {
    expect(meanAge([point(0, 0, 10), point(100, 0, 10)])).toBe(50);
    expect(meanAge([point(0, 0, 10), point(100, 0, 30)])).toBeCloseTo(10, 9);
  });
});
