import {
  type CryptoSuite,
  DecodeError,
  decodeManifest,
  equalBytes,
  type HoursList,
  type Manifest,
  manifestHash,
  PAGE_BYTES,
  pageHash,
  toHex,
} from "@glowworm/protocol";

/** A closed hour as the server's list names it. */
export type ListedHour = HoursList["hours"][number];

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
