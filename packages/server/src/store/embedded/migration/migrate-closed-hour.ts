import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync } from "node:fs";
import { writeAll } from "@glowworm/platform";
import {
  ByteReader,
  type CryptoSuite,
  equalBytes,
  HASH_BYTES,
  manifestHash,
  toHex,
} from "@glowworm/protocol";
import { encodeFooter, readFooter, SPANS } from "../closed/hour-file.ts";
import { DamagedHourError } from "../damage.ts";
import { readSpan } from "../segments/file-spans.ts";

/** Offset of a manifest's page count. */
const PAGE_COUNT_AT = 9;

/**
 * Gives a closed hour of the first version its footer. That version ended with the hash of the manifest, with which a
 * footer begins; it had no filters, and a closed hour never changes, so it goes on without.
 * @throws {DamagedHourError}
 */
export function migrateClosedHour(crypto: CryptoSuite, path: string, hour: number): void {
  if (isMigrated(crypto, path, hour)) return;
  const fd = openSync(path, "r+");
  try {
    const pages = new ByteReader(readSpan(fd, { offset: PAGE_COUNT_AT, length: 4 })).u32("pages");
    const { offset } = SPANS.filter(pages, 0);
    // A footer that was cut off while it was written is written again.
    const { size } = fstatSync(fd);
    if (size < offset + HASH_BYTES) throw new DamagedHourError("cut short");
    const manifest = manifestHash(crypto, readSpan(fd, SPANS.manifest(pages)));
    const footer = encodeFooter(crypto, { hour, pages, manifest: toHex(manifest), filterBytes: 0 });
    const written = readSpan(fd, { offset, length: HASH_BYTES });
    if (!equalBytes(written, manifest) || size > offset + footer.length) {
      throw new DamagedHourError("manifest differs from its hash");
    }
    ftruncateSync(fd, offset + HASH_BYTES);
    writeAll(fd, footer, offset);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function isMigrated(crypto: CryptoSuite, path: string, hour: number): boolean {
  try {
    readFooter(crypto, path, hour);
    return true;
  } catch (error) {
    if (error instanceof DamagedHourError) return false;
    throw error;
  }
}
