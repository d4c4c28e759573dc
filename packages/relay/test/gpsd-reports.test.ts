import { ALTITUDE_UNKNOWN } from "@glowworm/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import { readGpsdLine } from "../src/gpsd-reports.ts";

const TPV = {
  class: "TPV",
  device: "/dev/pts/1",
  mode: 3,
  time: "2026-11-20T14:36:26.500Z",
  lat: 52.240666667,
  lon: -21.0122,
  altHAE: 130.4,
  eph: 19.04,
};

function fixOf(change: object) {
  const report = readGpsdLine(JSON.stringify({ ...TPV, ...change }));
  return report.type === "position" ? report.fix : "no position report";
}

it("reads what gpsd 3.22 sends", () => {
  expect(readGpsdLine(JSON.stringify(TPV))).toEqual({
    type: "position",
    device: "/dev/pts/1",
    fix: {
      latitudeE7: 522_406_667,
      longitudeE7: -210_122_000,
      accuracyDm: 191,
      altitudeMetres: 130,
      source: "gnss",
      atMs: Date.UTC(2026, 10, 20, 14, 36, 26, 500),
    },
  });
});

describe("a report that proves no place", () => {
  it.each([
    ["no mode", { mode: undefined }],
    ["mode 0", { mode: 0 }],
    ["mode 1", { mode: 1 }],
    ["a mode in words", { mode: "3" }],
    ["no latitude", { lat: undefined }],
    ["latitude null, as gpsd writes NaN", { lat: null }],
    ["latitude in words", { lat: "52.2" }],
    ["latitude beyond the pole", { lat: 90.1 }],
    ["no longitude", { lon: undefined }],
    ["longitude beyond the antimeridian", { lon: -180.1 }],
    ["no time", { time: undefined }],
    ["a time in seconds", { time: 1_795_185_386 }],
    ["a time of another zone", { time: "2026-11-20T14:36:26+01:00" }],
    ["an impossible time", { time: "2026-13-45T99:00:00Z" }],
  ])("is refused: %s", (_case, change) => {
    expect(fixOf(change)).toBeNull();
  });
});

describe("accuracy", () => {
  it.each([
    ["eph", { epx: 3, epy: 4 }, 191],
    ["the larger of epx and epy", { eph: undefined, epx: 3, epy: 4.01 }, 41],
    ["the one of epx and epy that is there", { eph: undefined, epx: 3 }, 30],
    ["15 m for three dimensions", { eph: undefined }, 150],
    ["50 m for two", { eph: undefined, mode: 2 }, 500],
    ["not an eph of zero", { eph: 0 }, 150],
    ["not a negative eph", { eph: -5 }, 150],
    ["saturated, not wrapped around", { eph: 1e9 }, 65_535],
  ])("is %s", (_case, change, accuracyDm) => {
    expect(fixOf(change)).toMatchObject({ accuracyDm });
  });
});

describe("altitude", () => {
  it.each([
    ["unknown in two dimensions", { mode: 2 }, ALTITUDE_UNKNOWN],
    ["unknown without one above the ellipsoid", { altHAE: undefined, alt: 5 }, ALTITUDE_UNKNOWN],
    ["unknown when it does not fit", { altHAE: 40_000 }, ALTITUDE_UNKNOWN],
    ["negative below", { altHAE: -430.6 }, -431],
  ])("is %s", (_case, change, altitudeMetres) => {
    expect(fixOf(change)).toMatchObject({ altitudeMetres });
  });
});

it("never throws, and finds no report in garbage", () => {
  const line = fc.oneof(fc.string(), fc.json(), fc.constantFrom("", "null", "[]", '"TPV"', "{}"));
  fc.assert(
    fc.property(line, (text) => {
      expect(readGpsdLine(text)).toEqual({ type: "other" });
    }),
    effort(5000, 18),
  );
});

it("finds a version without a number to be none of ours", () => {
  expect(readGpsdLine('{"class":"VERSION"}')).toEqual({ type: "version", major: Number.NaN });
});
