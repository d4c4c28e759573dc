import {
  ByteReader,
  ByteWriter,
  hourOfSegment,
  SEGMENTS_PER_HOUR,
  toHex,
} from "@glowworm/protocol";
import { type HourProgress, openRange } from "../hour-rules.ts";
import type { Published, SegmentAbsence } from "../report-store.ts";
import type { Fence } from "./fence.ts";
import type { Tables } from "./schema.ts";
import { bytesOf, intOf, type Row, type Session } from "./session.ts";

/** All hours are one partition: what is decided about them is decided one after the other. */
export const BOOK = 1;
const HOURS_PER_DAY = 24;

/** Segments that follow each other and were closed together. */
export interface Closing {
  readonly first: number;
  readonly through: number;
  /** Under which its bytes are kept. */
  readonly candidate: Uint8Array;
  /** Records of each segment. */
  readonly counts: readonly number[];
}

/** An hour that is not closed. */
export interface OpenHour extends HourProgress {
  /** Without a gap, from the first segment on. */
  readonly closings: readonly Closing[];
}

/** A closed hour. */
export interface ClosedHour {
  readonly hour: number;
  readonly firstSegment: number;
  readonly candidate: Uint8Array;
  readonly pages: number;
  /** Hash of the manifest, 32 bytes. */
  readonly manifest: Uint8Array;
  /** 0 when there is no filter. */
  readonly filterBytes: number;
  /** Days for which its bytes were written to be kept. */
  readonly retentionDays: number;
}

/** All that was decided, as one server knows it: others may know more, and nothing in it is ever undone. */
export interface Book {
  /** -1 when nothing was ever closed. */
  readonly fence: number;
  /** Those that are retained, ascending. */
  readonly closed: readonly ClosedHour[];
  /** Ascending, all later than the closed ones. */
  readonly open: readonly OpenHour[];
}

/** Of a store that nothing happened in. */
export const EMPTY_BOOK: Book = { fence: -1, closed: [], open: [] };

/** Reads what was decided since `known`. */
export async function readBook(
  session: Session,
  tables: Tables,
  fence: Fence,
  known: Book,
  retentionDays: number,
): Promise<Book> {
  const highest = await fence.read();
  const newestKnown = known.closed.at(-1)?.hour ?? -1;
  const rows = await session.rows(
    `SELECT * FROM ${tables("hours")} WHERE book = ${BOOK} AND hour > ?`,
    [newestKnown],
  );
  const closed = [...known.closed, ...rows.filter(isClosed).map(closedHourOf)];
  const newest = closed.at(-1)?.hour ?? -1;
  // An hour that was made while a later one closed holds nothing: the fence was above it before it was there.
  const openRows = rows.filter((row) => !isClosed(row) && intOf(row, "hour") > newest);
  const open = await Promise.all(openRows.map((row) => readOpenHour(session, tables, row)));
  return { fence: highest, closed: retained(closed, newest, retentionDays), open };
}

/** First segment that a report may still enter. */
export function arrivalFloor(book: Book): number {
  const newest = book.closed.at(-1)?.hour ?? -1;
  return Math.max(book.fence + 1, (newest + 1) * SEGMENTS_PER_HOUR);
}

/** The closing of a segment, or why there is none. */
export function findSegment(book: Book, segment: number): Closing | SegmentAbsence {
  const hour = book.open.find((open) => open.hour === hourOfSegment(segment));
  if (segment < (hour?.firstSegment ?? arrivalFloor(book))) return "gone";
  return hour?.closings.find(({ through }) => segment <= through) ?? "open";
}

/** What the hours list says. */
export function publishedOf(book: Book): Published {
  const hours = book.closed.map(({ hour, pages, manifest }) => {
    return { hour, pages, manifest: toHex(manifest) };
  });
  return { hours, open: openRange(book.open) };
}

/** Counts as `counts` keeps them. */
export function encodeCounts(counts: readonly number[]): Uint8Array {
  const writer = new ByteWriter(4 * counts.length);
  for (const count of counts) writer.u32("counts", count);
  return writer.finish();
}

/**
 * Retention counts from the newest closed hour and not from the clock: a clock that jumps to 2099 must not remove
 * everything at once. An hour is not kept longer than its bytes.
 */
function retained(
  closed: readonly ClosedHour[],
  newest: number,
  retentionDays: number,
): readonly ClosedHour[] {
  return closed.filter((hour) => {
    const days = Math.min(retentionDays, hour.retentionDays);
    return hour.hour > newest - days * HOURS_PER_DAY;
  });
}

function isClosed(row: Row): boolean {
  return row["candidate"] !== null;
}

function closedHourOf(row: Row): ClosedHour {
  return {
    hour: intOf(row, "hour"),
    firstSegment: intOf(row, "first_segment"),
    candidate: bytesOf(row, "candidate"),
    pages: intOf(row, "pages"),
    manifest: bytesOf(row, "manifest"),
    filterBytes: intOf(row, "filter_bytes"),
    retentionDays: intOf(row, "retention_days"),
  };
}

async function readOpenHour(session: Session, tables: Tables, row: Row): Promise<OpenHour> {
  const hour = intOf(row, "hour");
  const rows = await session.rows(`SELECT * FROM ${tables("closings")} WHERE hour = ?`, [hour]);
  const firstSegment = intOf(row, "first_segment");
  const closings = rows.map(closingOf);
  const closedThrough = closings.at(-1)?.through ?? firstSegment - 1;
  return { hour, firstSegment, closedThrough, closings };
}

function closingOf(row: Row): Closing {
  const reader = new ByteReader(bytesOf(row, "counts"));
  const first = intOf(row, "first");
  const through = intOf(row, "through");
  const counts = Array.from({ length: through - first + 1 }, () => reader.u32("counts"));
  return { first, through, candidate: bytesOf(row, "candidate"), counts };
}
