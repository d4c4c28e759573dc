import type { Place } from "../answer/places.ts";
import { warningsOf } from "../answer/warnings.ts";
import type { FindResult } from "../find.ts";
import { dateOf, timeOf } from "./phrases.ts";

/** A place as `--json` prints it. Degrees WGS 84, times RFC 3339. */
export interface PlaceJson {
  readonly time: string;
  readonly lat: number;
  readonly lon: number;
  /** Radius of 68 %. */
  readonly accuracyMetres: number;
  readonly grade: Place["grade"];
  /** Positive when the beacon's clock is behind; 0 unless the grade is one of clock-off. */
  readonly clockBehindSeconds: number;
  readonly reports: number;
  readonly relays: number;
  readonly relaysDisagreeing: number;
  readonly tooFast: boolean;
}

/** What `find --json` prints: `place` is null when nothing was found. */
export function findJson(device: string, result: FindResult): object {
  const place = result.place === null ? null : placeJson(result.place);
  return { v: 1, device, found: place !== null, place, ...contextOf(result) };
}

/** What `history --json` prints: places in the order of time. */
export function historyJson(device: string, result: FindResult): object {
  return { v: 1, device, places: result.places.map(placeJson), ...contextOf(result) };
}

export function placeJson(place: Place): PlaceJson {
  return {
    time: timeOf(place.seenAt),
    lat: rounded(place.latitude, 7),
    lon: rounded(place.longitude, 7),
    accuracyMetres: rounded(place.accuracyMetres, 1),
    grade: place.grade,
    clockBehindSeconds: place.clockBehindSeconds,
    reports: place.reports,
    relays: place.relays,
    relaysDisagreeing: place.relaysDisagreeing,
    tooFast: place.isTooFast,
  };
}

function contextOf(result: FindResult): object {
  const { lookup, window, refused } = result;
  return {
    lookedAt: timeOf(result.lookedAt),
    interrupted: result.isInterrupted,
    warnings: warningsOf(result).map(({ code }) => code),
    looked: {
      serverReached: lookup.isServerReached,
      closedHours: lookup.closedHours,
      olderHours: lookup.olderHours,
      segments: lookup.segments,
      records: lookup.records,
      firstDay: dateOf(window.firstDay),
      lastDay: dateOf(window.lastDay),
    },
    refused,
    cacheTrouble: result.cacheTrouble,
    problems: lookup.problems,
  };
}

function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
