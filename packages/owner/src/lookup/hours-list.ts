import {
  DecodeError,
  HOUR_CLOSE_DELAY_SECONDS,
  type HoursList,
  SEGMENT_SECONDS,
  SEGMENTS_PER_HOUR,
} from "@glowworm/protocol";
import * as z from "zod";
import { jsonOf } from "../json-bytes.ts";

/** Bytes of the longest list that is read: four years of hours. */
export const HOURS_LIST_BYTES_MAX: number = 4 * 2 ** 20;
/**
 * Pages of the largest hour that is read: six million reports a day, 35 MB an hour. Beyond that hours are read by
 * their filters.
 */
export const HOUR_PAGES_MAX: number = 1024;
/** The open hour, and the one before it until it closes. */
const OPEN_SEGMENTS_MAX = 2 * SEGMENTS_PER_HOUR + HOUR_CLOSE_DELAY_SECONDS / SEGMENT_SECONDS;

const whole = z.int().min(0).max(0xffff_ffff);
const schema = z.object({
  v: z.literal(1),
  hours: z.array(
    z.object({ hour: whole, pages: whole.min(1), manifest: z.string().regex(/^[0-9a-f]{64}$/) }),
  ),
  open: z.object({ first: whole, last: whole }).nullable(),
});

/** @throws {DecodeError} `bad-value` for anything but a list in ascending order. @see docs/protocol.md section 8.3 */
export function decodeHoursList(bytes: Uint8Array): HoursList {
  const parsed = schema.safeParse(jsonOf(bytes));
  if (!parsed.success) {
    throw refused(parsed.error.issues[0]?.path.join(".") || "the whole list");
  }
  const { hours, open } = parsed.data;
  const isAscending = hours.every(({ hour }, index) => hour > (hours[index - 1]?.hour ?? -1));
  if (!isAscending) throw refused("hours");
  if (open !== null && (open.last < open.first || open.last - open.first >= OPEN_SEGMENTS_MAX)) {
    throw refused("open");
  }
  return { v: 1, hours, open };
}

function refused(field: string): DecodeError {
  return new DecodeError("bad-value", `hours_list.${field}`, 0);
}
