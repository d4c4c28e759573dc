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
/** Distinct ids have fitted long before. */
const DRAWS_MAX = 64;
/** Of an id: its three cells and its fingerprint. */
const WORDS = 4;
/** Ids that share a cell at most; two or three do. More, and another seed is drawn. */
const DEGREE_MAX = 255;

/**
 * A filter over ids of 16 bytes, back to back, in any order, but equal ones next to each other: a binary fuse filter (Graf
 * and Lemire, "Binary Fuse Filters", 2022) with three cells of 32 bits an id. Linear in the ids; takes some 30 bytes of memory
 * each beside them.
 *
 * @param random draws the seed, after the ids are known: nobody can choose ids that fit badly together.
 * @throws {UsageError} when the ids are cut, or equal ones stand apart.
 * @see docs/protocol.md section 7.6
 */
export function buildFilter(ids: Uint8Array, random: RandomSource): Uint8Array {
  if (ids.length % GET_ID_BYTES !== 0) throw new UsageError("ids: expected 16 bytes each");
  const count = distinctIn(ids);
  for (let draw = 0; draw < DRAWS_MAX; draw++) {
    const seed = random.bytes(FILTER_SEED_BYTES);
    const shape = widened(shapeFor(count), Math.floor(draw / DRAWS_PER_SEGMENT));
    const cells = solve(place(ids, count, seed, shape), cellCount(shape));
    if (cells !== null) return encodeFilter(shape, seed, cells);
  }
  throw new UsageError("ids: expected equal ones next to each other");
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

function distinctIn(ids: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < ids.length; at += GET_ID_BYTES) if (!isRepeated(ids, at)) count += 1;
  return count;
}

/** Whether the id at `at` is the one before it. From the end: neighbours in order begin alike. */
function isRepeated(ids: Uint8Array, at: number): boolean {
  if (at === 0) return false;
  for (let end = at + GET_ID_BYTES - 1; end >= at; end--) {
    if (ids[end] !== ids[end - GET_ID_BYTES]) return false;
  }
  return true;
}

/** Cells whose xor over the three places of every id is its fingerprint; null when this seed has none that peel. */
function solve(placed: Uint32Array, size: number): Uint32Array | null {
  const degrees = new Uint8Array(size);
  const cells = new Uint32Array(size);
  if (!link(placed, degrees, cells)) return null;
  const setAside = peel(placed, degrees, cells);
  if (setAside.length * WORDS < placed.length) return null;
  fill(placed, setAside, cells);
  return cells;
}

/** The three cells and the fingerprint of every distinct id, together because they are asked for together. */
function place(ids: Uint8Array, count: number, seed: Uint8Array, shape: FilterShape): Uint32Array {
  const placed = new Uint32Array(count * WORDS);
  const words = new Uint32Array(3);
  let next = 0;
  for (let at = 0; at < ids.length; at += GET_ID_BYTES) {
    if (isRepeated(ids, at)) continue;
    hashId(seed, ids, at, words);
    placed[next + 3] = placeId(shape, words);
    placed[next] = words[0] ?? 0;
    placed[next + 1] = words[1] ?? 0;
    placed[next + 2] = words[2] ?? 0;
    next += WORDS;
  }
  return placed;
}

/** Counts the ids of every cell, and takes their xor: of one that is alone it is the id. False when some cell has too many. */
function link(placed: Uint32Array, degrees: Uint8Array, links: Uint32Array): boolean {
  for (let id = 0; id < placed.length; id += WORDS) {
    for (let at = id; at < id + 3; at++) {
      const cell = placed[at] ?? 0;
      const degree = degrees[cell] ?? 0;
      if (degree === DEGREE_MAX) return false;
      degrees[cell] = degree + 1;
      toggle(links, cell, id);
    }
  }
  return true;
}

/**
 * Sets aside, one after the other, an id that is alone in one of its cells. When all are, every link is zero.
 * @returns the ids, last first, each with which of its cells it had alone.
 */
function peel(placed: Uint32Array, degrees: Uint8Array, links: Uint32Array): Uint32Array {
  // From the front a stack of cells with one id, from the back what is set aside. They never meet: no cell comes onto the
  // stack twice.
  const order = new Uint32Array(degrees.length);
  let waiting = stackAlone(degrees, order);
  let first = order.length;
  while (waiting > 0) {
    waiting -= 1;
    const alone = order[waiting] ?? 0;
    if (degrees[alone] !== 1) continue;
    const id = links[alone] ?? 0;
    first -= 1;
    for (let at = id; at < id + 3; at++) {
      const cell = placed[at] ?? 0;
      if (cell === alone) order[first] = at;
      toggle(links, cell, id);
      const degree = (degrees[cell] ?? 0) - 1;
      degrees[cell] = degree;
      if (degree === 1) order[waiting++] = cell;
    }
  }
  return order.subarray(first);
}

function toggle(links: Uint32Array, cell: number, id: number): void {
  links[cell] = (links[cell] ?? 0) ^ id;
}

/** Writes the cells that have one id to the front of `stack`; returns their number. */
function stackAlone(degrees: Uint8Array, stack: Uint32Array): number {
  let count = 0;
  for (let cell = 0; cell < degrees.length; cell++) if (degrees[cell] === 1) stack[count++] = cell;
  return count;
}

/** Last first: the cell that an id had alone is set by nobody else. */
function fill(placed: Uint32Array, setAside: Uint32Array, cells: Uint32Array): void {
  for (let index = 0; index < setAside.length; index++) {
    const own = setAside[index] ?? 0;
    const id = own - (own % WORDS);
    const [a, b, c] = [placed[id] ?? 0, placed[id + 1] ?? 0, placed[id + 2] ?? 0];
    const others = (cells[a] ?? 0) ^ (cells[b] ?? 0) ^ (cells[c] ?? 0);
    cells[placed[own] ?? 0] = (placed[id + 3] ?? 0) ^ others;
  }
}

function encodeFilter(shape: FilterShape, seed: Uint8Array, cells: Uint32Array): Uint8Array {
  const header = new ByteWriter(FILTER_HEADER_BYTES)
    .u8("filter.version", PROTOCOL_VERSION)
    .u8("filter.segment_bits", shape.segmentBits)
    .u32("filter.segment_count", shape.segmentCount)
    .bytes("filter.seed", seed, FILTER_SEED_BYTES)
    .finish();
  const bytes = new Uint8Array(FILTER_HEADER_BYTES + FILTER_CELL_BYTES * cells.length);
  bytes.set(header);
  const view = new DataView(bytes.buffer, FILTER_HEADER_BYTES);
  for (let cell = 0; cell < cells.length; cell++) {
    view.setUint32(FILTER_CELL_BYTES * cell, cells[cell] ?? 0);
  }
  return bytes;
}
