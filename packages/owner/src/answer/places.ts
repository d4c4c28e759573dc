import type { UnixSeconds } from "@glowworm/protocol";
import { type Estimate, estimatePlace } from "./estimate.ts";
import { directionOf, metresBetween } from "./geo.ts";
import { type GradedReport, isTrusted } from "./grade.ts";

/** How well the time of a place is proven: by its least proven report. */
export type PlaceGrade = "on-time" | "clock-off" | "clock-off-unconfirmed" | "time-unproven";

/** Where the accessory was at a time. */
export interface Place extends Omit<Estimate, "agreeing"> {
  /** When the newest report that agrees was seen. */
  readonly seenAt: UnixSeconds;
  readonly grade: PlaceGrade;
  /** Seconds by which the beacon's clock was behind, if its grade is one of clock-off; else 0. */
  readonly clockBehindSeconds: number;
  /** Reports that agree. */
  readonly reports: number;
  /** Set when getting here from the place before would have been faster than an airliner: one of the two is a lie. */
  readonly isTooFast: boolean;
}

/** Reports within an epoch's length of the newest are of one place: a walker gets 400 m far in it. */
const GROUP_SECONDS = 300;
/** Two relays' opinions of one moment differ by seconds; an airliner's speed needs some time to be one. */
const SPEED_MAX_METRES_PER_SECOND = 300;
/** More voices in five minutes than a busy station gives; the newest are kept, for the medoid compares all pairs. */
const GROUP_REPORTS_MAX = 1000;

/** Places in the order of time. Reports of unproven time make places of their own, and carry nothing into others. */
export function placesOf(reports: readonly GradedReport[]): readonly Place[] {
  const trusted = withSpeed(groupPlaces(reports.filter(isTrusted)));
  const others = groupPlaces(reports.filter((report) => !isTrusted(report)));
  return [...trusted, ...others].sort((a, b) => a.seenAt - b.seenAt);
}

/** The latest place whose time is proven, else the latest there is, else null. */
export function latestPlace(places: readonly Place[]): Place | null {
  return places.filter(isProven).at(-1) ?? places.at(-1) ?? null;
}

/** Whether the time of a place is to be believed. */
export function isProven({ grade }: Place): boolean {
  return grade === "on-time" || grade === "clock-off";
}

function groupPlaces(reports: readonly GradedReport[]): readonly Place[] {
  const groups: GradedReport[][] = [];
  let newest = Number.POSITIVE_INFINITY;
  for (const report of [...reports].sort((a, b) => b.sighting.seenAt - a.sighting.seenAt)) {
    const { seenAt } = report.sighting;
    const group = newest - seenAt < GROUP_SECONDS ? groups.at(-1) : undefined;
    if (group === undefined) {
      groups.push([report]);
      newest = seenAt;
    } else if (group.length < GROUP_REPORTS_MAX) {
      group.push(report);
    }
  }
  return groups.reverse().flatMap((group) => placeOf(group) ?? []);
}

function placeOf(group: readonly GradedReport[]): Place | null {
  const estimate = estimatePlace(group);
  if (estimate === null) return null;
  const { agreeing, ...rest } = estimate;
  const grade = worstGrade(agreeing);
  return {
    ...rest,
    seenAt: agreeing.reduce((latest, { sighting }) => Math.max(latest, sighting.seenAt), 0),
    grade,
    clockBehindSeconds: grade.startsWith("clock-off") ? medianOffset(agreeing) : 0,
    reports: agreeing.length,
    isTooFast: false,
  };
}

function worstGrade(reports: readonly GradedReport[]): PlaceGrade {
  if (reports.some(({ grade }) => grade.kind === "unproven")) return "time-unproven";
  const isUnconfirmed = reports.some((report) => !isTrusted(report));
  if (isUnconfirmed) return "clock-off-unconfirmed";
  return reports.some(({ grade }) => grade.kind === "clock-off") ? "clock-off" : "on-time";
}

function medianOffset(reports: readonly GradedReport[]): number {
  const offsets = reports
    .filter(({ grade }) => grade.kind === "clock-off")
    .map(({ offsetSeconds }) => offsetSeconds)
    .sort((a, b) => a - b);
  return offsets[offsets.length >> 1] ?? 0;
}

function withSpeed(places: readonly Place[]): readonly Place[] {
  return places.map((place, index) => {
    const before = places[index - 1];
    return before === undefined ? place : { ...place, isTooFast: isTooFar(before, place) };
  });
}

function isTooFar(from: Place, to: Place): boolean {
  const metres = metresBetween(directionOf(from), directionOf(to));
  const slack = from.accuracyMetres + to.accuracyMetres;
  const seconds = Math.max(GROUP_SECONDS, to.seenAt - from.seenAt);
  return metres - slack > SPEED_MAX_METRES_PER_SECOND * seconds;
}
