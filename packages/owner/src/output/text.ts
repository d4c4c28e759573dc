import type { Place } from "../answer/places.ts";
import { warningsOf } from "../answer/warnings.ts";
import type { FindResult } from "../find.ts";
import { agoOf, counted, dateOf, degreesOf, distanceOf, spanOf, timeOf } from "./phrases.ts";

/** The answer for a person: where, when and how sure, and a `geo:` address that a map program opens. */
export function placeText(device: string, place: Place, now: number): readonly string[] {
  const { accuracyMetres } = place;
  const latitude = degreesOf(place.latitude, accuracyMetres);
  const longitude = degreesOf(place.longitude, accuracyMetres);
  return [
    `${device}: ${latitude}, ${longitude}, within ${distanceOf(accuracyMetres)}`,
    `seen ${timeOf(place.seenAt)}, ${agoOf(place.seenAt, now)}`,
    `${agreementOf(place)}; ${gradeText(place)}`,
    `geo:${latitude},${longitude};u=${Math.ceil(accuracyMetres)}`,
  ];
}

/** One line of a history. */
export function historyLine(place: Place): string {
  const latitude = degreesOf(place.latitude, place.accuracyMetres);
  const longitude = degreesOf(place.longitude, place.accuracyMetres);
  const within = distanceOf(place.accuracyMetres);
  const doubt = place.isTooFast ? "; impossibly far from the place before" : "";
  return `${timeOf(place.seenAt)}  ${latitude}, ${longitude}  within ${within}  ${agreementOf(place)}; ${gradeText(place)}${doubt}`;
}

/** What has to be known beside an answer: one line each. */
export function warningLines(result: FindResult): readonly string[] {
  return [
    ...interruptionLines(result),
    ...warningsOf(result).map(({ text }) => text),
    ...problemLines(result),
    ...noteLines(result),
  ];
}

/** Why there may be no answer, the likeliest reason first, after what was looked at. */
export function nothingFoundLines(device: string, result: FindResult): readonly string[] {
  const { lookup, window, refused } = result;
  const refusals = refused.notOpening + refused.malformed + refused.fromTheFuture;
  return [
    ...interruptionLines(result),
    `${device} was not found.`,
    `Looked at ${counted(lookup.records, "record")} (padding included) in ${counted(lookup.closedHours, "closed hour")} and ${counted(lookup.segments, "open segment")},`,
    `for every key of the beacon's days ${dateOf(window.firstDay)} to ${dateOf(window.lastDay)}${window.isWide ? ", wrong clocks included" : ""}.`,
    ...(refusals === 0 ? [] : [`${counted(refusals, "record")} under its ids did not hold up.`]),
    ...problemLines(result),
    ...noteLines(result),
    "Likely reasons, the likeliest first:",
    ...reasonsFor(result).map((reason, index) => `  ${index + 1}. ${reason}`),
  ];
}

function reasonsFor({ lookup }: FindResult): readonly string[] {
  return [
    ...(lookup.problems.length === 0
      ? []
      : ["it is in the part that could not be read: run it again"]),
    ...(lookup.records === 0 ? ["this server is new, or is not the one the relays use"] : []),
    "no relay has been near it: a relay hears some 50 m",
    "it is switched off, asleep, or waits for its disk's passphrase: then it does not broadcast",
    "the beacon is not running on it: on the laptop, glowworm beacon run",
    "a relay has heard it and not reported yet: up to 10 minutes, or longer while it has no network",
    "it was last heard longer ago than this server keeps reports",
    "the relays near it report to another server",
  ];
}

function interruptionLines({ isInterrupted }: FindResult): readonly string[] {
  const text =
    "interrupted: this is from what was read until then; run it again, and it goes on from there";
  return isInterrupted ? [text] : [];
}

const PROBLEM_LINES_MAX = 5;

function problemLines({ lookup }: FindResult): readonly string[] {
  const lines = lookup.problems.map(({ what, detail }) => `not read: ${what}: ${detail}`);
  const rest = lines.length - PROBLEM_LINES_MAX;
  const shown = lines.slice(0, PROBLEM_LINES_MAX);
  return rest > 0 ? [...shown, `and ${rest} more like these`] : shown;
}

/** What is no fault of the server's, and takes nothing from the answer. */
function noteLines({ lookup, cacheTrouble }: FindResult): readonly string[] {
  const older = `not looked at: ${counted(lookup.olderHours, "hour")} of more than two months ago`;
  const trouble = `the cache could not be used (${cacheTrouble}), and what was read will be read again: make room on its disk, or set XDG_CACHE_HOME to another folder`;
  return [...(lookup.olderHours === 0 ? [] : [older]), ...(cacheTrouble === null ? [] : [trouble])];
}

function agreementOf(place: Place): string {
  const against = place.relaysDisagreeing;
  if (place.relays === 1) {
    return against === 0 ? "one relay alone" : `one relay, and ${against} elsewhere`;
  }
  return `${place.relays} relays agree${against === 0 ? "" : `, ${against} elsewhere`}`;
}

function gradeText(place: Place): string {
  const behind = place.clockBehindSeconds;
  const off = `beacon clock ${spanOf(behind)} ${behind > 0 ? "behind" : "ahead"}`;
  switch (place.grade) {
    case "on-time":
      return "on time";
    case "clock-off":
      return off;
    case "clock-off-unconfirmed":
      return `${off}, not confirmed by other reports`;
    case "time-unproven":
      return "time unproven";
  }
}
