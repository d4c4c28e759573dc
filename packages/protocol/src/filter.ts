import { ByteReader } from "./bytes.ts";
import type { CryptoSuite } from "./crypto/suite.ts";
import { DecodeError } from "./errors.ts";
import { hashId } from "./filter-hash.ts";
import { labelledHash } from "./ids.ts";
import { HASH_BYTES } from "./manifest.ts";
import { H_FILTER, PAGE_RECORDS, PROTOCOL_VERSION } from "./params.ts";

/** Bytes before the cells of a filter. */
export const FILTER_HEADER_BYTES: number = 1 + 1 + 4 + 8;
/** Bytes of the seed of a filter. */
export const FILTER_SEED_BYTES: number = 8;
/** Bytes of a cell. */
export const FILTER_CELL_BYTES: number = 4;
/** A segment has at most 2 to this many cells: its two 16-bit offsets come from one word. */
export const SEGMENT_BITS_MAX: number = 16;

/** Bytes of the largest filter that is read, for each record of its hour. */
const BYTES_PER_RECORD_MAX = 6;

/** Says of an id whether an hour may have records under it. */
export interface Filter {
  /** Whether the id of 16 bytes at `at` (0 unless given) may be there. False is certain; true is wrong once in 2^32. */
  has(bytes: Uint8Array, at?: number): boolean;
}

/** How the cells of a filter lie. */
export interface FilterShape {
  /** A segment has 2 to this many cells. */
  readonly segmentBits: number;
  /** Segments in which the first cell of an id may lie; two more follow. */
  readonly segmentCount: number;
}

/** Bytes of the largest filter that an hour of so many pages may have. @see docs/protocol.md section 7.6 */
export function filterBytesMax(pages: number): number {
  return pages * PAGE_RECORDS * BYTES_PER_RECORD_MAX;
}

/** Cells of a filter. @see docs/protocol.md section 7.6 */
export function cellCount({ segmentBits, segmentCount }: FilterShape): number {
  return (segmentCount + 2) * 2 ** segmentBits;
}

/** Replaces the first two words of `words` by the three cells of an id; gives its fingerprint. @see docs/protocol.md section 7.6 */
export function placeId({ segmentBits, segmentCount }: FilterShape, words: Uint32Array): number {
  const a = words[0] ?? 0;
  const b = words[1] ?? 0;
  const fingerprint = words[2] ?? 0;
  const length = 1 << segmentBits;
  const first = highProduct(a, segmentCount * length);
  words[0] = first;
  words[1] = (first + length) ^ (b & (length - 1));
  words[2] = (first + 2 * length) ^ ((b >>> 16) & (length - 1));
  return fingerprint;
}

/** @see docs/protocol.md section 7.6 */
export function filterHash(crypto: CryptoSuite, filter: Uint8Array): Uint8Array {
  return labelledHash(crypto, HASH_BYTES, H_FILTER, filter);
}

/** @throws {DecodeError} any code. @see docs/protocol.md section 7.6 */
export function decodeFilter(bytes: Uint8Array): Filter {
  const reader = new ByteReader(bytes);
  if (reader.u8("filter.version") !== PROTOCOL_VERSION) {
    throw new DecodeError("unsupported-version", "filter.version", 0);
  }
  const segmentBits = reader.u8("filter.segment_bits");
  if (segmentBits > SEGMENT_BITS_MAX) throw new DecodeError("bad-value", "filter.segment_bits", 1);
  const segmentCount = reader.u32("filter.segment_count");
  if (segmentCount === 0) throw new DecodeError("bad-value", "filter.segment_count", 2);
  const seed = reader.bytes("filter.seed", FILTER_SEED_BYTES);
  const shape = { segmentBits, segmentCount };
  const cells = reader.bytes("filter.cell", FILTER_CELL_BYTES * cellCount(shape));
  reader.end("filter");
  return filterOf(shape, seed, cells);
}

function filterOf(shape: FilterShape, seed: Uint8Array, cells: Uint8Array): Filter {
  const view = new DataView(cells.buffer, cells.byteOffset, cells.byteLength);
  const words = new Uint32Array(3);
  const cell = (index: number): number => view.getInt32(FILTER_CELL_BYTES * (words[index] ?? 0));
  return {
    has: (bytes, at = 0) => {
      hashId(seed, bytes, at, words);
      const fingerprint = placeId(shape, words);
      return (cell(0) ^ cell(1) ^ cell(2)) === (fingerprint | 0);
    },
  };
}

/** The upper 32 bits of the product of two 32-bit numbers, in halves: a double holds 53 bits. */
function highProduct(a: number, b: number): number {
  const low = Math.floor(((a & 0xffff) * b) / 0x10000);
  return Math.floor(((a >>> 16) * b + low) / 0x10000);
}
