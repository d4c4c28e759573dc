import { crc32 } from "node:zlib";
import {
  arrivalStepOf,
  ByteReader,
  ByteWriter,
  type CryptoSuite,
  concat,
  equalBytes,
  SEGMENT_SECONDS,
  STORABLE_RECORD_BYTES,
  STORED_RECORD_BYTES,
} from "@glowworm/protocol";
import { DamagedHourError } from "../damage.ts";
import type { Span } from "./file-spans.ts";

/** What the last bytes of the file of a segment say of its layout. */
const SEGMENT_FILE_FORMAT = 3;
/** Records of a part, which is read and checked at once: 64 KiB of them. */
const PART_RECORDS = 492;
const SUM_BYTES = 4;
const CHECK_BYTES = 16;
const FIELD_BYTES = 4 + 4 + 1;
/** Bytes of a footer. */
const FOOTER_BYTES = FIELD_BYTES + CHECK_BYTES;

/** A closed segment of an open hour, as its database says. `checksum`: the first four bytes of the footer's check. */
export interface SegmentNote {
  readonly segment: number;
  readonly records: number;
  readonly checksum: number;
}

/** A note with the whole file when it is small: the disk is not asked to keep that one, and the next start can write it again. */
export interface FiledSegment extends SegmentNote {
  readonly content: Uint8Array | null;
}

/**
 * The end of the file of a closed segment. The file holds its records as they are published (133 bytes each), a CRC-32 of
 * each part of 492 of them, and a footer: segment, number of records (4 bytes each), format (1), BLAKE2b-128 of the sums and
 * all that. It tells when a disk changed something; who can write the file can write the sums.
 */
export interface SegmentEnd extends SegmentNote {
  readonly sums: Uint8Array;
}

/** How many parts so many records make. */
export function partsOf(records: number): number {
  return Math.ceil(records / PART_RECORDS);
}

/** Where a part of a segment of so many records is. */
export function partSpan(records: number, part: number): Span {
  const first = part * PART_RECORDS;
  return {
    offset: first * STORED_RECORD_BYTES,
    length: Math.min(PART_RECORDS, records - first) * STORED_RECORD_BYTES,
  };
}

/** Records of a segment on their way into a file, in order. */
export interface SegmentParts {
  readonly segment: number;
  readonly records: number;
  /** All of them, a whole part at a time, each gone when the next is taken. */
  readonly parts: Iterable<Uint8Array>;
}

/** Makes the parts of a segment of its records in order, padding included, 129 bytes each. */
export function* publishedParts(
  segment: number,
  count: number,
  records: Iterable<Uint8Array>,
): Generator<Uint8Array> {
  const part = new Uint8Array(Math.min(PART_RECORDS, count) * STORED_RECORD_BYTES);
  const step = new ByteWriter(4)
    .u32("stored.arrival_step", arrivalStepOf(segment * SEGMENT_SECONDS))
    .finish();
  let at = 0;
  for (const record of records) {
    part.set(record, at);
    part.set(step, at + STORABLE_RECORD_BYTES);
    at += STORED_RECORD_BYTES;
    if (at < part.length) continue;
    yield part;
    at = 0;
  }
  if (at > 0) yield part.subarray(0, at);
}

/** Writes the file of a segment, and does not wait for the disk. @throws what `write` throws. */
export function writeSegment(
  crypto: CryptoSuite,
  { segment, records, parts }: SegmentParts,
  write: (bytes: Uint8Array, offset: number) => void,
): SegmentNote {
  const sums = new ByteWriter(partsOf(records) * SUM_BYTES);
  let offset = 0;
  for (const part of parts) {
    sums.u32("segment.sum", crc32(part));
    write(part, offset);
    offset += part.length;
  }
  const fields = new ByteWriter(FIELD_BYTES)
    .u32("segment.segment", segment)
    .u32("segment.records", records)
    .u8("segment.format", SEGMENT_FILE_FORMAT)
    .finish();
  const checked = concat(sums.finish(), fields);
  const check = crypto.blake2b(CHECK_BYTES, checked);
  write(concat(checked, check), offset);
  return { segment, records, checksum: new ByteReader(check).u32("segment.check") };
}

/** Where the footer is in a file of so many bytes. */
export function footerSpan(size: number): Span {
  return { offset: size - FOOTER_BYTES, length: FOOTER_BYTES };
}

/** Where sums and footer are in a file of so many bytes whose footer is this. @throws {DamagedHourError} */
export function endSpan(size: number, footer: Uint8Array): Span {
  const records = new ByteReader(footer.subarray(4)).u32("segment.records");
  const offset = records * STORED_RECORD_BYTES;
  const length = partsOf(records) * SUM_BYTES + FOOTER_BYTES;
  if (offset + length !== size) throw new DamagedHourError("a segment has the wrong length");
  return { offset, length };
}

/** What is in that span. @throws {DamagedHourError} */
export function decodeEnd(crypto: CryptoSuite, bytes: Uint8Array, expected: number): SegmentEnd {
  const checked = bytes.subarray(0, -CHECK_BYTES);
  const sums = checked.subarray(0, -FIELD_BYTES);
  const check = bytes.subarray(-CHECK_BYTES);
  const reader = new ByteReader(checked.subarray(-FIELD_BYTES));
  const segment = reader.u32("segment.segment");
  const records = reader.u32("segment.records");
  const format = reader.u8("segment.format");
  const isSound = equalBytes(check, crypto.blake2b(CHECK_BYTES, checked));
  if (!isSound || segment !== expected || format !== SEGMENT_FILE_FORMAT) {
    throw new DamagedHourError(`the end of segment ${expected} is damaged`);
  }
  return { segment, records, checksum: new ByteReader(check).u32("segment.check"), sums };
}

/** @throws {DamagedHourError} unless a part is what was written. */
export function assertPart({ segment, sums }: SegmentEnd, part: number, bytes: Uint8Array): void {
  const sum = new ByteReader(sums.subarray(part * SUM_BYTES)).u32("segment.sum");
  if (crc32(bytes) !== sum) throw new DamagedHourError(`segment ${segment} differs from its sums`);
}
