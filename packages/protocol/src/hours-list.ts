import { DecodeError } from "./errors.ts";
import { SEGMENTS_PER_HOUR } from "./hours.ts";
import type { HoursList } from "./http.ts";
import { HOUR_CLOSE_DELAY_SECONDS, PAGE_RECORDS, SEGMENT_SECONDS } from "./params.ts";

/** Bytes of the longest list that is read: four years of hours. */
export const HOURS_LIST_BYTES_MAX: number = 4 * 2 ** 20;
/** Pages of the largest hour that is read: 16 million reports, and a filter of 100 MB at most. */
export const HOUR_PAGES_MAX: number = 65_536;
/** Records of the largest hour that a server makes; the last page is left to padding. */
export const HOUR_RECORDS_MAX: number = (HOUR_PAGES_MAX - 1) * PAGE_RECORDS;
/** The open hour, and the one before it until it closes. */
const OPEN_SEGMENTS_MAX = 2 * SEGMENTS_PER_HOUR + HOUR_CLOSE_DELAY_SECONDS / SEGMENT_SECONDS;
const HASH = /^[0-9a-f]{64}$/;

/** A closed hour as a server's list names it. */
export type ListedHour = HoursList["hours"][number];

/** @throws {DecodeError} `bad-value` for anything but a list in ascending order. @see docs/protocol.md section 8.3 */
export function decodeHoursList(bytes: Uint8Array): HoursList {
  const list = fieldsOf(jsonOf(bytes), "the whole list");
  if (list["v"] !== 1) throw refused("v");
  const { hours } = list;
  if (!Array.isArray(hours)) throw refused("hours");
  const decoded = hours.map(hourOf);
  const isAscending = decoded.every(({ hour }, index) => hour > (decoded[index - 1]?.hour ?? -1));
  if (!isAscending) throw refused("hours");
  return { v: 1, hours: decoded, open: list["open"] === null ? null : rangeOf(list["open"]) };
}

function hourOf(value: unknown): ListedHour {
  const { hour, pages, manifest } = fieldsOf(value, "hours");
  if (typeof manifest !== "string" || !HASH.test(manifest)) throw refused("hours.manifest");
  return { hour: whole(hour, 0, "hours.hour"), pages: whole(pages, 1, "hours.pages"), manifest };
}

function rangeOf(value: unknown): NonNullable<HoursList["open"]> {
  const fields = fieldsOf(value, "open");
  const first = whole(fields["first"], 0, "open.first");
  const last = whole(fields["last"], 0, "open.last");
  if (last < first || last - first >= OPEN_SEGMENTS_MAX) throw refused("open");
  return { first, last };
}

function fieldsOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refused(name);
  return { ...value };
}

function whole(value: unknown, least: number, name: string): number {
  const isWhole = typeof value === "number" && Number.isInteger(value);
  if (!isWhole || value < least || value > 0xffff_ffff) throw refused(name);
  return value;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw refused("the whole list");
  }
}

function refused(field: string): DecodeError {
  return new DecodeError("bad-value", `hours_list.${field}`, 0);
}
