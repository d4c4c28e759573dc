import { ByteWriter } from "./bytes.ts";
import { DecodeError } from "./errors.ts";
import { HOUR_SECONDS, PAGE_RECORDS, SEGMENT_RECORDS_MULTIPLE, SEGMENT_SECONDS } from "./params.ts";
import {
  compareStoredRecords,
  decodeStoredRecord,
  encodeStoredRecord,
  STORED_RECORD_BYTES,
  type StoredRecord,
} from "./records.ts";
import type { UnixSeconds } from "./world.ts";

/** Segments that the arrivals of an hour fall into. */
export const SEGMENTS_PER_HOUR: number = HOUR_SECONDS / SEGMENT_SECONDS;

/** Hours since 1970. @see docs/protocol.md section 7 */
export function hourOf(at: UnixSeconds): number {
  return Math.floor(at / HOUR_SECONDS);
}

/** Number of the 30-second segment that holds a time. @see docs/protocol.md section 7.3 */
export function segmentOf(at: UnixSeconds): number {
  return Math.floor(at / SEGMENT_SECONDS);
}

/** The hour that a segment belongs to. @see docs/protocol.md section 7.3 */
export function hourOfSegment(segment: number): number {
  return Math.floor(segment / SEGMENTS_PER_HOUR);
}

/** Records by which a segment of `count` must be padded. @see docs/protocol.md section 7.2 */
export function segmentPadding(count: number): number {
  return paddingTo(SEGMENT_RECORDS_MULTIPLE, count);
}

/** Records by which an hour of `count` must be padded. @see docs/protocol.md section 7.2 */
export function hourPadding(count: number): number {
  return paddingTo(PAGE_RECORDS, count);
}

/** Records in canonical order, back to back: a segment, or the pages of an hour. @see docs/protocol.md section 7.1 */
export function encodeRecords(records: readonly StoredRecord[]): Uint8Array {
  const writer = new ByteWriter(records.length * STORED_RECORD_BYTES);
  for (const record of [...records].sort(compareStoredRecords)) {
    writer.bytes("records", encodeStoredRecord(record), STORED_RECORD_BYTES);
  }
  return writer.finish();
}

/**
 * Whole records in canonical order.
 * @throws {DecodeError} `bad-value` when they are out of order or repeated; any other code. Offsets count within the record.
 * @see docs/protocol.md section 7.1
 */
export function decodeRecords(bytes: Uint8Array): readonly StoredRecord[] {
  return [...recordsOf(bytes)];
}

/** Refuses what `decodeRecords` does, and has but two records in memory at a time. @throws {DecodeError} as that does. */
export function checkRecords(bytes: Uint8Array): void {
  const records = recordsOf(bytes);
  while (records.next().done !== true);
}

function* recordsOf(bytes: Uint8Array): Generator<StoredRecord> {
  let previous: StoredRecord | null = null;
  for (let at = 0; at < bytes.length; at += STORED_RECORD_BYTES) {
    const record = decodeStoredRecord(bytes.subarray(at, at + STORED_RECORD_BYTES));
    if (previous !== null && compareStoredRecords(previous, record) >= 0) {
      throw new DecodeError("bad-value", "records", at, "out of order");
    }
    yield record;
    previous = record;
  }
}

function paddingTo(multiple: number, count: number): number {
  return Math.max(multiple, Math.ceil(count / multiple) * multiple) - count;
}
