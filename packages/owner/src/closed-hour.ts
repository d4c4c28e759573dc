import {
  type CryptoSuite,
  DecodeError,
  decodeManifest,
  decodePage,
  equalBytes,
  HASH_BYTES,
  type HoursList,
  type Manifest,
  manifestHash,
  PAGE_BYTES,
  type PageEntry,
  pageHash,
  toHex,
} from "@glowworm/protocol";

/** A closed hour as the server's list names it. */
export type ListedHour = HoursList["hours"][number];

/** Bytes of the manifest of an hour of so many pages. @see docs/protocol.md section 7.5 */
export function manifestBytes(pages: number): number {
  return 13 + 2 * HASH_BYTES + pages * 64;
}

/**
 * The manifest of a listed hour.
 * @throws {DecodeError} when it is not the one in the list, or of another hour or size.
 * @see docs/protocol.md section 7.5
 */
export function checkManifest(
  crypto: CryptoSuite,
  listed: ListedHour,
  bytes: Uint8Array,
): Manifest {
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

/**
 * Checks a page that a server sent, down to each record.
 * @throws {DecodeError} any code.
 * @see docs/protocol.md section 7.4
 */
export function checkPage(crypto: CryptoSuite, entry: PageEntry, page: Uint8Array): void {
  if (page.length !== PAGE_BYTES) throw new DecodeError("truncated", "page", page.length);
  const records = decodePage(crypto, entry, page);
  const first = records[0]?.getId;
  const last = records.at(-1)?.getId;
  const isWithinBounds =
    first !== undefined &&
    last !== undefined &&
    equalBytes(first, entry.firstId) &&
    equalBytes(last, entry.lastId);
  if (!isWithinBounds) throw new DecodeError("bad-value", "manifest.page.first_id", 0);
}

/** Whether pages read back from the cache are those that were checked when they were fetched. */
export function isSamePages(crypto: CryptoSuite, manifest: Manifest, pages: Uint8Array): boolean {
  return (
    pages.length === manifest.pages.length * PAGE_BYTES &&
    manifest.pages.every((entry, index) => {
      const page = pages.subarray(index * PAGE_BYTES, (index + 1) * PAGE_BYTES);
      return equalBytes(pageHash(crypto, page), entry.hash);
    })
  );
}
