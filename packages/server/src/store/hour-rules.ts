import {
  arrivalStepOf,
  type CryptoSuite,
  HOUR_CLOSE_DELAY_SECONDS,
  HOUR_SECONDS,
  paddingRecord,
  type RandomSource,
  randomFraction,
  SEGMENT_SECONDS,
  SEGMENTS_PER_HOUR,
  type StoredRecord,
  type UnixSeconds,
} from "@glowworm/protocol";
import { type Published, StoreBusyError } from "./report-store.ts";

/** How far an hour has come that is not closed. */
export interface HourProgress {
  readonly hour: number;
  /** Later than the hour's first when no server ran before. */
  readonly firstSegment: number;
  /** Newest closed segment, or the one before the first. */
  readonly closedThrough: number;
}

/** Number of the last segment of an hour. */
export function lastSegmentOf(hour: number): number {
  return (hour + 1) * SEGMENTS_PER_HOUR - 1;
}

/** Whether it is time to close an hour. @see docs/protocol.md section 7.4 */
export function isDue(hour: number, now: UnixSeconds): boolean {
  return now >= (hour + 1) * HOUR_SECONDS + HOUR_CLOSE_DELAY_SECONDS;
}

/** Whether all segments of an hour are closed. */
export function isOver({ hour, closedThrough }: HourProgress): boolean {
  return closedThrough === lastSegmentOf(hour);
}

/** Closed segments without a gap, from the oldest of the open hours on. */
export function openRange([oldest, next]: readonly HourProgress[]): Published["open"] {
  if (oldest === undefined) return null;
  const goesOn = isOver(oldest) && next?.firstSegment === lastSegmentOf(oldest.hour) + 1;
  const last = goesOn ? next.closedThrough : oldest.closedThrough;
  return last < oldest.firstSegment ? null : { first: oldest.firstSegment, last };
}

/** @throws {StoreBusyError} when an hour is to have more than `max` records: nobody would read them. */
export function assertHourHolds(
  hour: number,
  records: number,
  max: number,
  now: UnixSeconds,
): void {
  if (records <= max) return;
  const seconds = (hour + 1) * HOUR_SECONDS - now;
  throw new StoreBusyError("this hour has as many reports as an hour takes", seconds);
}

/** Padding of an hour, spread over the steps of its segments, so that no step holds padding alone. */
export function hourPaddingRecords(
  crypto: CryptoSuite,
  random: RandomSource,
  count: number,
  { hour, firstSegment }: Pick<HourProgress, "hour" | "firstSegment">,
): readonly StoredRecord[] {
  const first = arrivalStepOf(firstSegment * SEGMENT_SECONDS);
  const steps = arrivalStepOf(lastSegmentOf(hour) * SEGMENT_SECONDS) - first + 1;
  return Array.from({ length: count }, () =>
    paddingRecord(crypto, random, first + Math.floor(randomFraction(random) * steps)),
  );
}
