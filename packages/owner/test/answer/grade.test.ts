import { describe, expect, it } from "vitest";
import { isTrusted } from "../../src/answer/grade.ts";
import { gradedReports } from "../support/graded.ts";
import { NOON } from "../support/reports.ts";

const DAY = 86_400;
const HOUR = 3600;

function kindOf(beaconBehind: number): string {
  const [report] = gradedReports([{ seenAt: NOON, beaconTime: NOON - beaconBehind }]);
  return report?.grade.kind ?? "none";
}

describe("grade of one report", () => {
  it.each([
    [0, "on-time"],
    [600, "on-time"],
    [-600, "on-time"],
    [660, "clock-off"],
    [-660, "clock-off"],
    [14 * HOUR, "clock-off"],
    [-400 * DAY, "clock-off"],
  ])("with a beacon clock %i s behind is %s", (behind, kind) => {
    expect(kindOf(behind)).toBe(kind);
  });

  it("is measured from the minute that the token names, not from the epoch", () => {
    const [report] = gradedReports([{ seenAt: NOON + 250 }]);
    expect(report?.offsetSeconds).toBe(10);
  });

  it("is unproven when the token names no minute", () => {
    const [report] = gradedReports([{ seenAt: NOON, token: new Uint8Array(4) }]);
    expect(report?.grade).toEqual({ kind: "unproven", why: "token" });
  });

  it.each([
    [7 * DAY, "on-time"],
    [7 * DAY + 600, "unproven"],
  ])("that arrives %i s after it was seen is %s", (late, kind) => {
    const [report] = gradedReports([{ seenAt: NOON, arrivedAt: NOON + late }]);
    expect(report?.grade.kind).toBe(kind);
  });
});

describe("a wrong beacon clock", () => {
  const off = (epochs: number, behind: number, from = NOON) =>
    Array.from({ length: epochs }, (_, index) => ({
      seenAt: from + index * 300,
      beaconTime: from + index * 300 - behind,
    }));

  it.each([
    [2, false],
    [3, true],
  ])("is believed after %i epochs: %s", (epochs, isBelieved) => {
    const reports = gradedReports(off(epochs, 14 * HOUR));
    expect(reports.map(isTrusted)).toEqual(Array(epochs).fill(isBelieved));
  });

  it("is not believed for many reports of one epoch", () => {
    const heard = Array.from({ length: 9 }, (_, relay) => ({
      seenAt: NOON,
      beaconTime: NOON - HOUR,
      relay,
    }));
    expect(gradedReports(heard).some(isTrusted)).toBe(false);
  });

  it("is not believed when every epoch says another offset", () => {
    const heard = [1, 2, 3, 4].map((hours) => ({
      seenAt: NOON + hours * 300,
      beaconTime: NOON + hours * 300 - hours * HOUR,
    }));
    expect(gradedReports(heard).some(isTrusted)).toBe(false);
  });

  it("may drift slowly through many offsets", () => {
    const heard = Array.from({ length: 20 }, (_, index) => ({
      seenAt: NOON + index * HOUR,
      beaconTime: NOON + index * HOUR - HOUR - index * 300,
    }));
    expect(gradedReports(heard).every(isTrusted)).toBe(true);
  });

  it("is not believed against more epochs that were on time while it was heard", () => {
    const honest = off(6, 0);
    const replayed = off(4, 7 * DAY, NOON + 60);
    const reports = gradedReports([...honest, ...replayed]);
    expect(reports.filter(isTrusted)).toHaveLength(6);
  });

  it("is believed before and after times at which it was right", () => {
    const reports = gradedReports([...off(6, 0), ...off(3, 7 * DAY, NOON + 6 * 300)]);
    expect(reports.every(isTrusted)).toBe(true);
  });

  it("is not believed for epochs that were heard on time before: somebody plays a recording", () => {
    const honest = off(6, 0, NOON);
    const replayed = honest.map((heard) => ({ ...heard, seenAt: heard.seenAt + 4 * DAY }));
    const reports = gradedReports([...honest, ...replayed]);
    expect(reports.filter(isTrusted)).toHaveLength(6);
  });

  it("is believed for epochs that come again on time: the clock was ahead and was set right", () => {
    const ahead = off(6, -2 * HOUR, NOON);
    const again = ahead.map((heard) => ({ ...heard, seenAt: heard.seenAt + 2 * HOUR }));
    expect(gradedReports([...ahead, ...again]).every(isTrusted)).toBe(true);
  });
});
