import { describe, expect, it } from "vitest";
import { latestPlace, placesOf } from "../src/answer/places.ts";
import { warningsOf } from "../src/answer/warnings.ts";
import type { FindResult } from "../src/find.ts";
import { geoJson } from "../src/output/geojson.ts";
import { findJson, historyJson } from "../src/output/json.ts";
import { agoOf, degreesOf, distanceOf, spanOf, timeOf } from "../src/output/phrases.ts";
import { historyLine, nothingFoundLines, placeText, warningLines } from "../src/output/text.ts";
import { gradedReports } from "./support/graded.ts";
import { type Heard, NOON } from "./support/reports.ts";

function resultOf(heard: readonly Heard[], lookup: Partial<FindResult["lookup"]> = {}): FindResult {
  const reports = gradedReports(heard);
  const places = placesOf(reports);
  return {
    place: latestPlace(places),
    places,
    reports,
    refused: { copies: 0, notOpening: 0, malformed: 0, fromTheFuture: 0 },
    lookup: {
      isServerReached: true,
      closedHours: 5,
      olderHours: 0,
      segments: 7,
      records: 1294,
      problems: [],
      ...lookup,
    },
    window: { firstDay: 20_776, lastDay: 20_779, isWide: false },
    cacheTrouble: null,
    isInterrupted: false,
    lookedAt: NOON,
  };
}

const agreeing = [1, 2, 3].map((relay) => ({ seenAt: NOON - 720 + relay, relay }));
const HOUR = 3600;

describe("phrases", () => {
  it.each([
    [0, "0 seconds"],
    [1, "1 second"],
    [59, "59 seconds"],
    [60, "1 minute"],
    [3599, "59 minutes"],
    [-7200, "2 hours"],
    [400 * 86_400, "400 days"],
  ])("call %i s %s", (seconds, text) => {
    expect(spanOf(seconds)).toBe(text);
  });

  it("tell times from the past and from a clock that is wrong", () => {
    expect(agoOf(NOON - 720, NOON)).toBe("12 minutes ago");
    expect(agoOf(NOON, NOON)).toBe("just now");
    expect(agoOf(NOON + 60, NOON)).toContain("in 1 minute");
    expect(timeOf(NOON)).toBe("2026-11-20T12:00:00Z");
  });

  it.each([
    [0, "13.1234568"],
    [2, "13.123457"],
    [18, "13.12346"],
    [900, "13.1235"],
    [60_000, "13.12"],
    [1e9, "13.1"],
  ])("write degrees for %i m as %s", (accuracy, text) => {
    expect(degreesOf(13.123456789, accuracy)).toBe(text);
  });

  it("write distances in metres, and far ones in kilometres", () => {
    expect([distanceOf(17.2), distanceOf(9999), distanceOf(12_345)]).toEqual([
      "18 m",
      "9999 m",
      "13 km",
    ]);
  });
});

describe("text", () => {
  it("gives place, time, age, accuracy, agreement, grade and a geo: address", () => {
    const result = resultOf(agreeing);
    if (result.place === null) throw new Error("expected a place");
    const text = placeText("laptop", result.place, result.lookedAt).join("\n");
    expect(text).toMatch(/laptop: 52\.52\d+, 13\.40\d+, within \d+ m/);
    expect(text).toMatch(/seen 2026-11-20T11:48:03Z, 11 minutes ago/);
    expect(text).toMatch(/3 relays agree; on time/);
    expect(text).toMatch(/^geo:52\.52\d+,13\.40\d+;u=\d+$/m);
    expect(historyLine(result.place)).toContain("2026-11-20T11:48:03Z");
  });

  it("says what was looked at and why there may be nothing", () => {
    const text = nothingFoundLines("laptop", resultOf([])).join("\n");
    for (const part of [
      "1294 records",
      "5 closed hours",
      "7 open segments",
      "1. no relay",
      "2026-11-1",
    ]) {
      expect(text).toContain(part);
    }
  });

  it("puts first what could not be read, and a server that has nothing at all", () => {
    const problems = Array.from({ length: 9 }, (_, index) => ({
      what: `hour ${index}`,
      code: "status" as const,
      detail: "HTTP 404",
    }));
    const lines = nothingFoundLines("laptop", resultOf([], { problems, records: 0 }));
    expect(lines.filter((line) => line.startsWith("not read"))).toHaveLength(5);
    expect(lines.join("\n")).toContain("and 4 more");
    expect(lines.join("\n")).toMatch(/1\. it is in the part.*\n {2}2\. this server is new/);
  });
});

describe("warnings", () => {
  const codesOf = (result: FindResult): string[] => warningsOf(result).map(({ code }) => code);
  it.each<[string, Heard[], string[]]>([
    ["three relays that agree", agreeing, []],
    ["one relay alone", [{ seenAt: NOON }], ["one-report"]],
    [
      "one that disagrees",
      [...agreeing, { seenAt: NOON - 700, relay: 9, northMetres: 7000 }],
      ["relays-disagree"],
    ],
    [
      "no proof of time",
      [{ seenAt: NOON, token: new Uint8Array(4) }],
      ["one-report", "time-not-proven"],
    ],
    [
      "a newer one without proof",
      [...agreeing, { seenAt: NOON, token: new Uint8Array(4) }],
      ["newer-unproven"],
    ],
    ["a leap", [{ seenAt: NOON - HOUR, latitude: -30 }, ...agreeing], ["too-fast"]],
  ])("for %s", (_what, heard, codes) => {
    expect(codesOf(resultOf(heard))).toEqual(codes);
    expect(warningLines(resultOf(heard))).toHaveLength(codes.length);
  });

  it("say that the server was not reached", () => {
    expect(codesOf(resultOf(agreeing, { isServerReached: false }))).toEqual(["server-not-reached"]);
  });
});

describe("JSON", () => {
  it("is one versioned object with the documented fields", () => {
    const json = JSON.parse(JSON.stringify(findJson("laptop", resultOf(agreeing))));
    expect(json).toMatchObject({
      v: 1,
      device: "laptop",
      found: true,
      lookedAt: "2026-11-20T12:00:00Z",
      warnings: [],
      problems: [],
      refused: { copies: 0, notOpening: 0, malformed: 0, fromTheFuture: 0 },
      looked: { serverReached: true, closedHours: 5, segments: 7, records: 1294 },
    });
    expect(json.place).toEqual({
      time: "2026-11-20T11:48:03Z",
      lat: 52.52,
      lon: 13.405,
      accuracyMetres: expect.any(Number),
      grade: "on-time",
      clockBehindSeconds: 0,
      reports: 3,
      relays: 3,
      relaysDisagreeing: 0,
      tooFast: false,
    });
  });

  it("has no place when nothing was found, and an empty history", () => {
    expect(findJson("laptop", resultOf([]))).toMatchObject({ found: false, place: null });
    expect(historyJson("laptop", resultOf([]))).toMatchObject({ v: 1, places: [] });
  });

  it("lists a history in the order of time", () => {
    const result = resultOf([...agreeing, { seenAt: NOON - 5 * HOUR }]);
    const json = JSON.parse(JSON.stringify(historyJson("laptop", result)));
    expect(json.places.map(({ time }: { time: string }) => time)).toEqual([
      "2026-11-20T07:00:00Z",
      "2026-11-20T11:48:03Z",
    ]);
  });
});

describe("GeoJSON", () => {
  it("is RFC 7946: a feature collection of points, longitude first, no crs", () => {
    const json = JSON.parse(JSON.stringify(geoJson("laptop", resultOf(agreeing).places)));
    expect(Object.keys(json)).toEqual(["type", "features"]);
    expect(json.type).toBe("FeatureCollection");
    expect(json.features).toEqual([
      {
        type: "Feature",
        geometry: { type: "Point", coordinates: [13.405, 52.52] },
        properties: {
          device: "laptop",
          time: "2026-11-20T11:48:03Z",
          accuracy_m: expect.any(Number),
          reports: 3,
          relays: 3,
          relays_disagreeing: 0,
          grade: "on-time",
        },
      },
    ]);
  });

  it("is an empty collection when there is no place", () => {
    expect(geoJson("laptop", [])).toEqual({ type: "FeatureCollection", features: [] });
  });
});
