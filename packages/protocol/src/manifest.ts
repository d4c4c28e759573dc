import {
  assertLength,
  ByteReader,
  ByteWriter,
  compareBytes,
  equalBytes,
  isAllZero,
} from "./bytes.ts";
import type { CryptoSuite } from "./crypto/suite.ts";
import { DecodeError, UsageError } from "./errors.ts";
import { decodeRecords } from "./hours.ts";
import { GET_ID_BYTES, labelledHash } from "./ids.ts";
import { FILTER_FREE_PAGES, H_MANIFEST, H_PAGE, PAGE_RECORDS, PROTOCOL_VERSION } from "./params.ts";
import { STORED_RECORD_BYTES, type StoredRecord } from "./records.ts";

/** Bytes of the hash of a page or a manifest. */
export const HASH_BYTES: number = 32;
/** Bytes of a page. */
export const PAGE_BYTES: number = PAGE_RECORDS * STORED_RECORD_BYTES;
const MANIFEST_HEADER_BYTES = 1 + 4 + 4 + 4 + HASH_BYTES + HASH_BYTES;
const PAGE_ENTRY_BYTES = 2 * GET_ID_BYTES + HASH_BYTES;

/** Bounds and hash of one page. */
export interface PageEntry {
  readonly firstId: Uint8Array;
  readonly lastId: Uint8Array;
  readonly hash: Uint8Array;
}

/** Bytes of the manifest of an hour of so many pages. @see docs/protocol.md section 7.5 */
export function manifestBytes(pages: number): number {
  return MANIFEST_HEADER_BYTES + pages * PAGE_ENTRY_BYTES;
}

/** The table of contents of a closed hour. @see docs/protocol.md section 7.5 */
export interface Manifest {
  readonly hour: number;
  readonly recordCount: number;
  /** Hash of the manifest of the closed hour before, or zeros for the first. */
  readonly previous: Uint8Array;
  /** Hash of the filter; zeros when there is none, as always up to 64 pages. */
  readonly filter: Uint8Array;
  readonly pages: readonly PageEntry[];
}

/** Whether an hour has a filter: never up to 64 pages. @see docs/protocol.md section 7.6 */
export function hasFilter(manifest: Manifest): boolean {
  return !isAllZero(manifest.filter);
}

/** @see docs/protocol.md section 7.4 */
export function pageHash(crypto: CryptoSuite, page: Uint8Array): Uint8Array {
  return labelledHash(crypto, HASH_BYTES, H_PAGE, page);
}

/** @see docs/protocol.md section 7.5 */
export function manifestHash(crypto: CryptoSuite, manifest: Uint8Array): Uint8Array {
  return labelledHash(crypto, HASH_BYTES, H_MANIFEST, manifest);
}

/** The manifest entry of a page of 34,048 bytes. @throws {UsageError} for another length. @see docs/protocol.md section 7.5 */
export function pageEntryOf(crypto: CryptoSuite, page: Uint8Array): PageEntry {
  assertLength("page", page, PAGE_BYTES);
  const last = page.length - STORED_RECORD_BYTES;
  return {
    firstId: page.slice(0, GET_ID_BYTES),
    lastId: page.slice(last, last + GET_ID_BYTES),
    hash: pageHash(crypto, page),
  };
}

/**
 * @throws {UsageError} when there is no page, the record count is not that of the pages, or an hour of up to 64
 * pages has a filter.
 * @see docs/protocol.md section 7.5
 */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const { recordCount, pages, filter } = manifest;
  if (pages.length === 0 || recordCount !== pages.length * PAGE_RECORDS) {
    throw new UsageError(`manifest: expected pages, and ${PAGE_RECORDS} records in each`);
  }
  if (!mayHaveFilter(pages.length, filter)) {
    throw new UsageError(`manifest.filter: expected above ${FILTER_FREE_PAGES} pages only`);
  }
  const writer = new ByteWriter(manifestBytes(pages.length))
    .u8("manifest.version", PROTOCOL_VERSION)
    .u32("manifest.hour", manifest.hour)
    .u32("manifest.record_count", recordCount)
    .u32("manifest.page_count", pages.length)
    .bytes("manifest.previous", manifest.previous, HASH_BYTES)
    .bytes("manifest.filter", manifest.filter, HASH_BYTES);
  for (const page of pages) {
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
  if (!mayHaveFilter(pageCount, filter)) throw new DecodeError("bad-value", "manifest.filter", 45);
  const pages: PageEntry[] = [];
  for (let index = 0; index < pageCount; index++) pages.push(readPageEntry(reader, pages.at(-1)));
  reader.end("manifest");
  return { hour, recordCount, previous, filter, pages };
}

/**
 * Checks a page against its manifest entry and decodes it.
 * @throws {DecodeError} `truncated` or `trailing-bytes` unless it has 34,048 bytes; `bad-value` when hash, bounds or
 * order are not those of the entry; `unsupported-version`.
 * @see docs/protocol.md section 7.4
 */
export function decodePage(
  crypto: CryptoSuite,
  entry: PageEntry,
  page: Uint8Array,
): readonly StoredRecord[] {
  if (page.length < PAGE_BYTES) throw new DecodeError("truncated", "page", page.length);
  if (page.length > PAGE_BYTES) throw new DecodeError("trailing-bytes", "page", PAGE_BYTES);
  const actual = pageEntryOf(crypto, page);
  if (!equalBytes(actual.hash, entry.hash)) {
    throw new DecodeError("bad-value", "manifest.page.hash", 0, "page differs from its manifest");
  }
  if (!equalBytes(actual.firstId, entry.firstId) || !equalBytes(actual.lastId, entry.lastId)) {
    throw new DecodeError("bad-value", "manifest.page", 0, "bounds differ from the page");
  }
  return decodeRecords(page);
}

function mayHaveFilter(pages: number, filter: Uint8Array): boolean {
  return pages > FILTER_FREE_PAGES || isAllZero(filter);
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
