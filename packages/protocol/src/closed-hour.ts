import { equalBytes, toHex } from "./bytes.ts";
import type { CryptoSuite } from "./crypto/suite.ts";
import { DecodeError } from "./errors.ts";
import { decodeFilter, type Filter, filterHash } from "./filter.ts";
import type { ListedHour } from "./hours-list.ts";
import { decodeManifest, type Manifest, manifestHash } from "./manifest.ts";

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
 * The filter that belongs to a manifest.
 * @throws {DecodeError} when its hash differs, or any code of `decodeFilter`.
 * @see docs/protocol.md section 7.6
 */
export function checkFilter(crypto: CryptoSuite, manifest: Manifest, bytes: Uint8Array): Filter {
  if (!equalBytes(filterHash(crypto, bytes), manifest.filter)) {
    throw new DecodeError("bad-value", "manifest.filter", 45, "filter differs from its manifest");
  }
  return decodeFilter(bytes);
}
