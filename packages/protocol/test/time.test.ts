import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import { dayOf, epochOf, epochStart, minuteInEpoch, UsageError } from "../src/index.ts";

const times = fc.integer({ min: -86_400 * 400, max: 0xffffffff });

describe("epochs", () => {
  it("hold every time once", () => {
    fc.assert(
      fc.property(times, (at) => {
        const ref = epochOf(at);
        expect(at - epochStart(ref)).toBeGreaterThanOrEqual(0);
        expect(at - epochStart(ref)).toBeLessThan(300);
        expect(ref.day).toBe(dayOf(at));
        expect(ref.epoch >= 0 && ref.epoch < 288).toBe(true);
      }),
      effort(500, 121),
    );
  });

  it("never go back while time goes on", () => {
    fc.assert(
      fc.property(times, fc.nat(100_000), (at, later) => {
        expect(epochStart(epochOf(at + later))).toBeGreaterThanOrEqual(epochStart(epochOf(at)));
      }),
      effort(300, 122),
    );
  });

  it("have five minutes", () => {
    expect([0, 59, 60, 299, 300, -1].map(minuteInEpoch)).toEqual([0, 0, 1, 4, 0, 4]);
  });

  it.each([-1, 288])("do not include number %s", (epoch) => {
    expect(() => epochStart({ day: 0, epoch })).toThrow(UsageError);
  });
});
