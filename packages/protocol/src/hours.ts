import { ByteReader, ByteWriter, compareBytes, equalBytes } from "./bytes.ts";
import type { CryptoSuite } from "./crypto/suite.ts";
import { DecodeError } from "./errors.ts";
import { GET_ID_BYTES, labelledHash } from "./ids.ts";
import {
  H_MANIFEST,
  H_PAGE,
  HOUR_SECONDS,
  PAGE_RECORDS,
  PROTOCOL_VERSION,
  SEGMENT_RECORDS_MULTIPLE,
  SEGMENT_SECONDS,
} from "./params.ts";
import {
  compareStoredRecords,
  decodeStoredRecord,
  encodeStoredRecord,
  STORED_RECORD_BYTES,
  type StoredRecord,
} from "./records.ts";
import type { UnixSeconds } from "./world.ts";

export const HASH_BYTES: number = 32;
export const PAGE_BYTES: number = PAGE_RECORDS * STORED_RECORD_BYTES;
export const SEGMENTS_PER_HOUR: number = HOUR_SECONDS / SEGMENT_SECONDS;
const MANIFEST_HEADER_BYTES = 1 + 4 + 4 + 4 + HASH_BYTES + HASH_BYTES;
const PAGE_ENTRY_BYTES = 2 * GET_ID_BYTES + HASH_BYTES;

/** Hours since 1970. @see docs/protocol.md section 7 */
export function hourOf(at: UnixSeconds): number {
  return Math.floor(at / HOUR_SECONDS);
}

/** Number of the 30-second segment that holds a time. @see docs/protocol.md section 7.3 */
export function segmentOf(at: UnixSeconds): number {
  return Math.floor(at / SEGMENT_SECONDS);
}

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
 * @throws {DecodeError} `bad-value` when they are out of order or repeated; any other code.
 * @see docs/protocol.md section 7.1
 */
export function decodeRecords(bytes: Uint8Array): readonly StoredRecord[] {
  const records: StoredRecord[] = [];
  for (let at = 0; at < bytes.length; at += STORED_RECORD_BYTES) {
    const record = decodeStoredRecord(bytes.subarray(at, at + STORED_RECORD_BYTES));
    const previous = records.at(-1);
    if (previous !== undefined && compareStoredRecords(previous, record) >= 0) {
      throw new DecodeError("bad-value", "records", at, "out of order");
    }
    records.push(record);
  }
  return records;
}

/** Bounds and hash of one page. */
export interface PageEntry {
  readonly firstId: Uint8Array;
  readonly lastId: Uint8Array;
  readonly hash: Uint8Array;
}

/** The table of contents of a closed hour. @see docs/protocol.md section 7.5 */
export interface Manifest {
  readonly hour: number;
  readonly recordCount: number;
  /** Hash of the manifest of the closed hour before, or zeros for the first. */
  readonly previous: Uint8Array;
  /** Hash of the filter, or zeros when there is none. */
  readonly filter: Uint8Array;
  readonly pages: readonly PageEntry[];
}

/** @see docs/protocol.md section 7.4 */
export function pageHash(crypto: CryptoSuite, page: Uint8Array): Uint8Array {
  return labelledHash(crypto, HASH_BYTES, H_PAGE, page);
}

/** @see docs/protocol.md section 7.5 */
export function manifestHash(crypto: CryptoSuite, manifest: Uint8Array): Uint8Array {
  return labelledHash(crypto, HASH_BYTES, H_MANIFEST, manifest);
}

/** The manifest entry of a page of 34,048 bytes. */
export function pageEntryOf(crypto: CryptoSuite, page: Uint8Array): PageEntry {
  const last = page.length - STORED_RECORD_BYTES;
  return {
    firstId: page.slice(0, GET_ID_BYTES),
    lastId: page.slice(last, last + GET_ID_BYTES),
    hash: pageHash(crypto, page),
  };
}

/** @see docs/protocol.md section 7.5 */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const length = MANIFEST_HEADER_BYTES + manifest.pages.length * PAGE_ENTRY_BYTES;
  const writer = new ByteWriter(length)
    .u8("manifest.version", PROTOCOL_VERSION)
    .u32("manifest.hour", manifest.hour)
    .u32("manifest.record_count", manifest.recordCount)
    .u32("manifest.page_count", manifest.pages.length)
    .bytes("manifest.previous", manifest.previous, HASH_BYTES)
    .bytes("manifest.filter", manifest.filter, HASH_BYTES);
  for (const page of manifest.pages) {
    writer
      .bytes("manifest.page.first_id", page.firstId, GET_ID_BYTES)
      .bytes("manifest.page.last_id", page.lastId, GET_ID_BYTES)
      .bytes("manifest.page.hash", page.hash, HASH_BYTES);
  }
  return writer.finish();
}

/** @throws {DecodeError} any code. @see docs/protocol.md section 7.5 */
export function decodeManifest(bytes: Uint8Array): Manifest {
  const reader = new ByteReader(bytes);
  if (reader.u8("manifest.version") !== PROTOCOL_VERSION) {
    throw new DecodeError("unsupported-version", "manifest.version", 0);
  }
  const hour = reader.u32("manifest.hour");
  const recordCount = reader.u32("manifest.record_count");
  const pageCount = reader.u32("manifest.page_count");
  if (pageCount === 0 || recordCount !== pageCount * PAGE_RECORDS) {
    throw new DecodeError("bad-value", "manifest.page_count", 9);
  }
  const previous = reader.bytes("manifest.previous", HASH_BYTES);
  const filter = reader.bytes("manifest.filter", HASH_BYTES);
  const pages: PageEntry[] = [];
  for (let index = 0; index < pageCount; index++) pages.push(readPageEntry(reader, pages.at(-1)));
  reader.end("manifest");
  return { hour, recordCount, previous, filter, pages };
}

/**
 * Checks a page against its manifest entry and decodes it.
 * @throws {DecodeError} `bad-value` when the hash differs; any other code.
 */
export function decodePage(
  crypto: CryptoSuite,
  entry: PageEntry,
  page: Uint8Array,
): readonly StoredRecord[] {
  if (!equalBytes(pageHash(crypto, page), entry.hash)) {
    throw new DecodeError("bad-value", "manifest.page.hash", 0, "page differs from its manifest");
  }
  return decodeRecords(page);
}

function readPageEntry(reader: ByteReader, previous: PageEntry | undefined): PageEntry {
  const at = reader.offset;
  const entry: PageEntry = {
    firstId: reader.bytes("manifest.page.first_id", GET_ID_BYTES),
    lastId: reader.bytes("manifest.page.last_id", GET_ID_BYTES),
    hash: reader.bytes("manifest.page.hash", HASH_BYTES),
  };
  const isOrdered =
    compareBytes(entry.firstId, entry.lastId) <= 0 &&
    (previous === undefined || compareBytes(previous.lastId, entry.firstId) <= 0);
  if (!isOrdered) throw new DecodeError("bad-value", "manifest.page", at, "out of order");
  return entry;
}

function paddingTo(multiple: number, count: number): number {
  return Math.max(multiple, Math.ceil(count / multiple) * multiple) - count;
}
