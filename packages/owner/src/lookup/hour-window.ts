import { DAY_SECONDS, type HoursList, hourOf, type UnixSeconds } from "@glowworm/protocol";
import { counted } from "../output/phrases.ts";
import { nameOf, type ProblemLog } from "./problems.ts";

/** Hours of arrival that a lookup is about, both ends included. */
export interface HourWindow {
  readonly first: number;
  readonly last: number;
}

/** Two months: twice the usual retention, and 50 MB of a quiet server. */
const HOURS_BACK = 60 * 24;
/** The owner's clock may be wrong by a time zone, 14 hours. */
const SKEW_SECONDS = DAY_SECONDS;

/** The window of a lookup that begins now. Bounds how many hours a list can make it read. */
export function windowAt(now: UnixSeconds): HourWindow {
  return { first: hourOf(now) - HOURS_BACK, last: hourOf(now + SKEW_SECONDS) };
}

/**
 * First hour that age does not remove: two months before the newest of those that are kept, and never after the window's
 * first. So a clock that is ahead removes nothing, since nothing newer has come in. Hours after the window say nothing.
 */
export function firstKeptOf(
  window: HourWindow,
  kept: readonly { readonly hour: number }[],
): number {
  const newest = kept.reduce(
    (max, { hour }) => (hour > window.last ? max : Math.max(max, hour)),
    0,
  );
  return Math.min(window.first, newest - HOURS_BACK);
}

/** A server's list cut to a window. */
export interface WindowedList extends HoursList {
  /** Hours of the list that are before the window. */
  readonly older: number;
}

/** Leaves out hours that are outside, and names those that are not over by a day: such a list, or this clock, is wrong. */
export function withinWindow(list: HoursList, window: HourWindow, log: ProblemLog): WindowedList {
  const { first, last } = window;
  const ahead = list.hours.filter(({ hour }) => hour > last);
  const [next] = ahead;
  if (next !== undefined) {
    const count = counted(ahead.length, "hour");
    const detail = `${count} of the future: wrong, or this computer's clock is`;
    log.report(`${nameOf(next.hour)} and later`, "out-of-window", detail);
  }
  const hours = list.hours.filter(({ hour }) => hour >= first && hour <= last);
  return { ...list, hours, older: list.hours.length - ahead.length - hours.length };
}
