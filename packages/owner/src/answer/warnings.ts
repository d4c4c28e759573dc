import type { FindResult } from "../find.ts";
import { counted, distanceOf, timeOf } from "../output/phrases.ts";
import { isProven } from "./places.ts";

/** Stable names of what has to be known beside an answer. */
type WarningCode =
  | "server-not-reached"
  | "one-report"
  | "relays-disagree"
  | "time-not-proven"
  | "newer-unproven"
  | "too-fast";

/** A warning: the code for programs, the text for people. */
export interface Warning {
  readonly code: WarningCode;
  readonly text: string;
}

/** What has to be known beside an answer; nothing when there is none. */
export function warningsOf(result: FindResult): readonly Warning[] {
  const { place, places, lookup } = result;
  if (place === null) return [];
  const warnings: Warning[] = [];
  const warn = (isTrue: boolean, code: WarningCode, text: string): void => {
    if (isTrue) warnings.push({ code, text });
  };
  warn(
    !lookup.isServerReached,
    "server-not-reached",
    "the server was not reached: this answer is from the hours on this disk",
  );
  warn(
    place.relays === 1,
    "one-report",
    "one relay alone is weak evidence: it could be mistaken or lie",
  );
  warn(
    place.relaysDisagreeing > 0,
    "relays-disagree",
    `${counted(place.relaysDisagreeing, "relay")} put it elsewhere in the same minutes, more than ${distanceOf(place.accuracyMetres)} from here: it was moved, or one of them is wrong`,
  );
  warn(
    !isProven(place),
    "time-not-proven",
    "nothing proves the time of this report: somebody may repeat an old broadcast",
  );
  const newest = places.at(-1);
  warn(
    newest !== undefined && isProven(place) && newest.seenAt > place.seenAt,
    "newer-unproven",
    `there is a newer report whose time is not proven (${timeOf(newest?.seenAt ?? 0)}): glowworm history shows it`,
  );
  warn(
    place.isTooFast,
    "too-fast",
    "nothing travels that fast from the place before: one of the two is wrong",
  );
  return warnings;
}
