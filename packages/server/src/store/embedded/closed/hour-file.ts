import { fstatSync } from "node:fs";
import {
  ByteReader,
  ByteWriter,
  type CryptoSuite,
  equalBytes,
  fromHex,
  HASH_BYTES,
  manifestBytes,
  manifestHash,
  PAGE_BYTES,
  pageHash,
  toHex,
} from "@glowworm/protocol";
import { DamagedHourError } from "../damage.ts";
import { readSpan, type Span, withFile } from "../segments/file-spans.ts";

/** What the last bytes of the file of a closed hour say of its layout. */
const HOUR_FILE_FORMAT = 2;
const CHECK_BYTES = 16;
const FIELD_BYTES = HASH_BYTES + 4 + 4 + 4 + 1;
/** Bytes of a footer. */
export const FOOTER_BYTES: number = FIELD_BYTES + CHECK_BYTES;

/** A closed hour as it is listed. */
export interface ClosedHour {
  readonly hour: number;
  readonly pages: number;
  /** Lowercase hex of the manifest's hash. */
  readonly manifest: string;
}

/**
 * The end of the file of a closed hour. The file holds manifest, pages back to back, filter if there is one, and this:
 * manifest hash (32 bytes), hour, pages, bytes of the filter (4 each), format (1), BLAKE2b-128 of all that.
 */
export interface Footer extends ClosedHour {
  readonly filterBytes: number;
}

/** Where the parts of the file of an hour are. */
export const SPANS = {
  manifest: (pages: number): Span => ({ offset: 0, length: manifestBytes(pages) }),
  page: (pages: number, page: number): Span => {
    return { offset: manifestBytes(pages) + page * PAGE_BYTES, length: PAGE_BYTES };
  },
  /** The hash that the manifest gives of a page. */
  pageHash: (page: number): Span => {
    return { offset: manifestBytes(page + 1) - HASH_BYTES, length: HASH_BYTES };
  },
  /** The hash that the manifest gives of the filter. */
  filterHash: (): Span => ({ offset: manifestBytes(0) - HASH_BYTES, length: HASH_BYTES }),
  /** `length` is that of the filter. */
  filter: (pages: number, length: number): Span => {
    return { offset: manifestBytes(pages) + pages * PAGE_BYTES, length };
  },
} as const;

/** 61 bytes. */
export function encodeFooter(crypto: CryptoSuite, footer: Footer): Uint8Array {
  const fields = new ByteWriter(FIELD_BYTES)
    .bytes("footer.manifest", fromHex(footer.manifest), HASH_BYTES)
    .u32("footer.hour", footer.hour)
    .u32("footer.pages", footer.pages)
    .u32("footer.filter_bytes", footer.filterBytes)
    .u8("footer.format", HOUR_FILE_FORMAT)
    .finish();
  return new ByteWriter(FOOTER_BYTES)
    .bytes("footer", fields, FIELD_BYTES)
    .bytes("footer.check", crypto.blake2b(CHECK_BYTES, fields), CHECK_BYTES)
    .finish();
}

/** Reads what is needed to list an hour, whatever its size. @throws {DamagedHourError} */
export function readFooter(crypto: CryptoSuite, path: string, hour: number): Footer {
  return withFile(path, (fd) => {
    const { size } = fstatSync(fd);
    const bytes = readSpan(fd, { offset: Math.max(0, size - FOOTER_BYTES), length: FOOTER_BYTES });
    const footer = decodeFooter(crypto, bytes);
    const { offset } = SPANS.filter(footer.pages, 0);
    const isWhole = footer.hour === hour && size === offset + footer.filterBytes + FOOTER_BYTES;
    if (!isWhole) throw new DamagedHourError("has the wrong length or hour");
    return footer;
  });
}

function decodeFooter(crypto: CryptoSuite, bytes: Uint8Array): Footer {
  const fields = bytes.subarray(0, FIELD_BYTES);
  const reader = new ByteReader(bytes);
  const manifest = toHex(reader.bytes("footer.manifest", HASH_BYTES));
  const hour = reader.u32("footer.hour");
  const pages = reader.u32("footer.pages");
  const filterBytes = reader.u32("footer.filter_bytes");
  const format = reader.u8("footer.format");
  const check = reader.bytes("footer.check", CHECK_BYTES);
  const isSound = equalBytes(check, crypto.blake2b(CHECK_BYTES, fields));
  if (!isSound || format !== HOUR_FILE_FORMAT) throw new DamagedHourError("footer is damaged");
  return { hour, pages, manifest, filterBytes };
}

/** @throws {DamagedHourError} unless these bytes have this hash, lowercase hex. */
export function assertManifest(crypto: CryptoSuite, manifest: Uint8Array, hash: string): void {
  if (toHex(manifestHash(crypto, manifest)) === hash) return;
  throw new DamagedHourError("manifest differs from its hash");
}

/** @throws {DamagedHourError} unless the page has this hash. */
export function assertPage(crypto: CryptoSuite, page: Uint8Array, hash: Uint8Array): void {
  if (equalBytes(pageHash(crypto, page), hash)) return;
  throw new DamagedHourError("a page differs from its hash");
}
