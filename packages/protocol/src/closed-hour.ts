import { equalBytes, toHex } from "./bytes.ts";
import type { CryptoSuite } from "./crypto/suite.ts";
import { DecodeError } from "./errors.ts";
import { decodeFilter, type Filter, filterBytesMax, filterHash } from "./filter.ts";
import { HOUR_PAGES_MAX, type ListedHour } from "./hours-list.ts";
import { PATHS } from "./http.ts";
import {
  decodeManifest,
  decodePage,
  type Manifest,
  manifestBytes,
  manifestHash,
  PAGE_BYTES,
  type PageEntry,
} from "./manifest.ts";
import { STORED_RECORD_BYTES } from "./records.ts";

/** What a closed hour is read with: owners and mirrors read it alike. */
export interface HourSource {
  readonly crypto: CryptoSuite;
  /** The body under a path of the server, of at most `maxBytes`; fails in its own way. */
  readonly get: (path: string, maxBytes: number) => Promise<Uint8Array>;
}

/** Bytes that were checked, and what they say. */
export interface Checked<T> {
  readonly bytes: Uint8Array;
  readonly value: T;
}

/**
 * Reads the manifest of a listed hour.
 * @throws {DecodeError} when it is not the one in the list, or of another hour or size; before anything is asked for, when
 * the hour has more pages than are read.
 * @see docs/protocol.md section 7.5
 */
export async function readManifest(
  { crypto, get }: HourSource,
  listed: ListedHour,
): Promise<Checked<Manifest>> {
  if (listed.pages > HOUR_PAGES_MAX) {
    throw new DecodeError("bad-value", "hours_list.hours.pages", 0, "more than are read");
  }
  const bytes = await get(PATHS.manifest(listed.hour), manifestBytes(listed.pages));
  return { bytes, value: checkManifest(crypto, listed, bytes) };
}

/** Reads the filter of an hour that has one. @throws {DecodeError} as `checkFilter` does. */
export async function readFilter(
  { crypto, get }: HourSource,
  manifest: Manifest,
): Promise<Checked<Filter>> {
  const bytes = await get(PATHS.filter(manifest.hour), filterBytesMax(manifest.pages.length));
  return { bytes, value: checkFilter(crypto, manifest, bytes) };
}

/** Names a page: its place, and what its hour's manifest says of it. */
export interface PageOfHour {
  readonly hour: number;
  readonly index: number;
  readonly entry: PageEntry;
}

/** Reads a page. @throws {DecodeError} as `decodePage` does. @see docs/protocol.md section 7.4 */
export async function readPage(
  { crypto, get }: HourSource,
  { hour, index, entry }: PageOfHour,
): Promise<Uint8Array> {
  const page = await get(PATHS.page(hour, index), PAGE_BYTES);
  decodePage(crypto, entry, page);
  return page;
}

/** The pages of an hour, in their order. */
export function pagesOf({ hour, pages }: Manifest): readonly PageOfHour[] {
  return pages.map((entry, index) => ({ hour, index, entry }));
}

/**
 * The filter that belongs to a manifest.
 * @throws {DecodeError} when its hash differs, it is larger than its hour may have, it lacks an id that the manifest
 * names, or any code of `decodeFilter`.
 * @see docs/protocol.md section 7.6
 */
export function checkFilter(crypto: CryptoSuite, manifest: Manifest, bytes: Uint8Array): Filter {
  if (!equalBytes(filterHash(crypto, bytes), manifest.filter)) {
    throw new DecodeError("bad-value", "manifest.filter", 45, "filter differs from its manifest");
  }
  if (bytes.length > filterBytesMax(manifest.pages.length)) {
    throw new DecodeError("bad-value", "filter", 0, "too large for its pages");
  }
  const filter = decodeFilter(bytes);
  for (const { firstId, lastId } of manifest.pages) {
    if (!filter.has(firstId) || !filter.has(lastId)) throw lacksIds();
  }
  return filter;
}

/**
 * Checks that a filter has every id of a page of its hour: with one of few ids, whoever asks for a page says which of those
 * few it is about.
 * @throws {DecodeError} `bad-value`
 * @see docs/protocol.md section 7.6
 */
export function assertFilterHas(filter: Filter, page: Uint8Array): void {
  for (let at = 0; at < page.length; at += STORED_RECORD_BYTES) {
    if (!filter.has(page, at)) throw lacksIds();
  }
}

function checkManifest(crypto: CryptoSuite, listed: ListedHour, bytes: Uint8Array): Manifest {
  if (toHex(manifestHash(crypto, bytes)) !== listed.manifest) {
    throw new DecodeError("bad-value", "manifest", 0, "differs from the hash in the list");
  }
  const manifest = decodeManifest(bytes);
  if (manifest.hour !== listed.hour) {
    throw new DecodeError("bad-value", "manifest.hour", 1, "is of another hour");
  }
  if (manifest.pages.length !== listed.pages) {
    throw new DecodeError("bad-value", "manifest.page_count", 9, "differs from the list");
  }
  return manifest;
}

function lacksIds(): DecodeError {
  return new DecodeError("bad-value", "filter", 0, "lacks ids of its hour");
}
