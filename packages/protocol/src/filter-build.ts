import { ByteWriter } from "./bytes.ts";
import { UsageError } from "./errors.ts";
import {
  cellCount,
  FILTER_CELL_BYTES,
  FILTER_HEADER_BYTES,
  FILTER_SEED_BYTES,
  type FilterShape,
  placeId,
  SEGMENT_BITS_MAX,
} from "./filter.ts";
import { hashId } from "./filter-hash.ts";
import { GET_ID_BYTES } from "./ids.ts";
import { PROTOCOL_VERSION } from "./params.ts";
import type { RandomSource } from "./world.ts";

/** Seeds that fail before the filter gets a segment more: it always ends, even when they are all one seed. */
const DRAWS_PER_SEGMENT = 2;

/** The three words of every distinct id, by its number. */
interface Hashes {
  readonly words: readonly [Uint32Array, Uint32Array, Uint32Array];
  readonly count: number;
}

/**
 * A filter over ids of 16 bytes, back to back, in any order and repeated as they may be: a binary fuse filter (Graf and
 * Lemire, "Binary Fuse Filters", 2022) with three cells of 32 bits an id. Linear in the ids, some 45 bytes of memory each.
 *
 * @param random draws the seed, after the ids are known: nobody can choose ids that fit badly together.
 * @throws {UsageError} when the ids are cut.
 * @see docs/protocol.md section 7.6
 */
export function buildFilter(ids: Uint8Array, random: RandomSource): Uint8Array {
  if (ids.length % GET_ID_BYTES !== 0) throw new UsageError("ids: expected 16 bytes each");
  for (let draw = 0; ; draw++) {
    const seed = random.bytes(FILTER_SEED_BYTES);
    const hashes = hashesOf(ids, seed);
    const shape = widened(shapeFor(hashes.count), Math.floor(draw / DRAWS_PER_SEGMENT));
    const cells = solve(hashes, shape);
    if (cells !== null) return encodeFilter(shape, seed, cells);
  }
}

/** Cells per id and length of segments for which peeling nearly always succeeds, by the paper's experiments. */
function shapeFor(count: number): FilterShape {
  if (count < 2) return { segmentBits: 2, segmentCount: 1 };
  const bits = Math.floor(Math.log(count) / Math.log(3.33) + 2.25);
  const segmentBits = Math.min(SEGMENT_BITS_MAX, bits);
  const perId = Math.max(1.125, 0.875 + (0.25 * Math.log(1e6)) / Math.log(count));
  const segments = Math.ceil((count * perId) / 2 ** segmentBits);
  return { segmentBits, segmentCount: Math.max(1, segments - 2) };
}

/** For some counts, as 11,520, those shapes are so tight that hardly a seed fits. */
function widened({ segmentBits, segmentCount }: FilterShape, more: number): FilterShape {
  return { segmentBits, segmentCount: segmentCount + more };
}

/** Hashes every id and leaves out repetitions: an open-addressed table, at most half full. */
function hashesOf(ids: Uint8Array, seed: Uint8Array): Hashes {
  const length = ids.length / GET_ID_BYTES;
  const words = [
    new Uint32Array(length),
    new Uint32Array(length),
    new Uint32Array(length),
  ] as const;
  const slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * length + 2)));
  const out = new Uint32Array(3);
  let count = 0;
  for (let at = 0; at < ids.length; at += GET_ID_BYTES) {
    hashId(seed, ids, at, out);
    const slot = slotOf(slots, words, out);
    if (slots[slot] !== 0) continue;
    write(words, count, out);
    count += 1;
    slots[slot] = count;
  }
  return { words, count };
}

function write([first, second, third]: Hashes["words"], index: number, from: Uint32Array): void {
  first[index] = from[0] ?? 0;
  second[index] = from[1] ?? 0;
  third[index] = from[2] ?? 0;
}

/** The slot that holds these words, or the free one where they belong. */
function slotOf(slots: Uint32Array, words: Hashes["words"], sought: Uint32Array): number {
  const [first, second, third] = words;
  const a = sought[0] ?? 0;
  const b = sought[1];
  const c = sought[2];
  let slot = a & (slots.length - 1);
  for (;;) {
    const index = (slots[slot] ?? 0) - 1;
    if (index === -1) return slot;
    if (first[index] === a && second[index] === b && third[index] === c) return slot;
    slot = (slot + 1) & (slots.length - 1);
  }
}

/** Cells whose xor over the three places of every id is its fingerprint; null when this seed has none that peel. */
function solve({ words, count }: Hashes, shape: FilterShape): Uint32Array | null {
  const [first, second, third] = words;
  const fingerprints = new Uint32Array(count);
  const place = new Uint32Array(3);
  for (let id = 0; id < count; id++) {
    place[0] = first[id] ?? 0;
    place[1] = second[id] ?? 0;
    place[2] = third[id] ?? 0;
    fingerprints[id] = placeId(shape, place);
    write(words, id, place);
  }
  const cells = new Uint32Array(cellCount(shape));
  const peeled = peel({ words, count }, cells.length);
  if (peeled === null) return null;
  for (let at = count - 1; at >= 0; at--) {
    const id = peeled.ids[at] ?? 0;
    const others =
      (cells[first[id] ?? 0] ?? 0) ^ (cells[second[id] ?? 0] ?? 0) ^ (cells[third[id] ?? 0] ?? 0);
    cells[peeled.cells[at] ?? 0] = (fingerprints[id] ?? 0) ^ others;
  }
  return cells;
}

/** Takes away, one after the other, an id that is alone in one of its cells, and names that cell. */
function peel(
  { words, count }: Hashes,
  size: number,
): { readonly ids: Uint32Array; readonly cells: Uint32Array } | null {
  const [first, second, third] = words;
  const degree = new Uint32Array(size);
  const link = new Uint32Array(size);
  const alone = new Uint32Array(size);
  const ids = new Uint32Array(count);
  const cells = new Uint32Array(count);
  let waiting = 0;
  let done = 0;
  const change = (cell: number, id: number, by: number): void => {
    link[cell] = (link[cell] ?? 0) ^ id;
    degree[cell] = (degree[cell] ?? 0) + by;
    if (by < 0 && degree[cell] === 1) alone[waiting++] = cell;
  };
  const changeAll = (id: number, by: number): void => {
    change(first[id] ?? 0, id, by);
    change(second[id] ?? 0, id, by);
    change(third[id] ?? 0, id, by);
  };
  for (let id = 0; id < count; id++) changeAll(id, 1);
  for (let cell = 0; cell < size; cell++) if (degree[cell] === 1) alone[waiting++] = cell;
  while (waiting > 0) {
    waiting -= 1;
    const cell = alone[waiting] ?? 0;
    if (degree[cell] !== 1) continue;
    const id = link[cell] ?? 0;
    ids[done] = id;
    cells[done] = cell;
    done += 1;
    changeAll(id, -1);
  }
  return done === count ? { ids, cells } : null;
}

function encodeFilter(shape: FilterShape, seed: Uint8Array, cells: Uint32Array): Uint8Array {
  const writer = new ByteWriter(FILTER_HEADER_BYTES + FILTER_CELL_BYTES * cells.length)
    .u8("filter.version", PROTOCOL_VERSION)
    .u8("filter.segment_bits", shape.segmentBits)
    .u32("filter.segment_count", shape.segmentCount)
    .bytes("filter.seed", seed, FILTER_SEED_BYTES);
  for (const cell of cells) writer.u32("filter.cell", cell);
  return writer.finish();
}
