import {
  ByteWriter,
  type CryptoSuite,
  concat,
  paddingRecord,
  STORABLE_RECORD_BYTES,
  segmentPadding,
} from "@glowworm/protocol";
import { randomFromSeed } from "../closing/seeded-padding.ts";
import { publishedParts, type SegmentParts } from "../segments/segment-file.ts";
import { firstFrom, PREFIXES, sortedNumbers } from "../segments/sorted-records.ts";
import type { Runs } from "./runs.ts";

/** Records that are sorted at a time, 9 MB, in a segment of up to a million. */
const SORTED_RECORDS = 2 ** 16;
/** A larger segment is not read oftener, but sorted in larger parts. */
const PASSES_MAX = 16;
/** Ids are drawn at random: hardly ever does a share of them hold more than this many times its part. */
const SPARE = 1.1;
const SEED_BYTES = 32;

/** The records of a segment that nothing enters any more, without padding. */
export interface FencedRecords {
  readonly segment: number;
  readonly records: number;
  /** Which runs hold them. */
  readonly runs: readonly number[];
}

/**
 * The records of a segment as they are published, with padding drawn from 32 random bytes: with the same ones, the same
 * bytes again. Reads the runs once for each 65,536 records, 16 times at most, and holds so many or a 16th, or as many as have ids
 * that begin alike.
 */
export function fencedParts(
  crypto: CryptoSuite,
  runs: Runs,
  fenced: FencedRecords,
  seed: Uint8Array,
): SegmentParts {
  const { segment } = fenced;
  const padding = paddingOf(crypto, segment, segmentPadding(fenced.records), seed);
  const records = fenced.records + padding.length;
  return {
    segment,
    records,
    parts: publishedParts(segment, records, sortedRecords(runs, fenced, padding)),
  };
}

/** Drawn for each segment by itself, so that it does not depend on those that close with it. */
function paddingOf(
  crypto: CryptoSuite,
  segment: number,
  count: number,
  seed: Uint8Array,
): readonly Uint8Array[] {
  const name = new ByteWriter(4).u32("padding.segment", segment).finish();
  const random = randomFromSeed(crypto, crypto.blake2b(SEED_BYTES, name, seed));
  return Array.from({ length: count }, () => {
    const { getId, envelope } = paddingRecord(crypto, random, 0);
    return concat(getId, envelope);
  });
}

/** In order, 129 bytes each: first those whose ids begin low, then the next ones. */
function* sortedRecords(
  runs: Runs,
  { records, runs: numbers }: FencedRecords,
  padding: readonly Uint8Array[],
): Generator<Uint8Array> {
  const passes = Math.min(PASSES_MAX, Math.max(1, Math.ceil(records / SORTED_RECORDS)));
  const expected = Math.ceil((SPARE * records) / passes) + padding.length;
  for (let pass = 0; pass < passes; pass++) {
    const from = Math.ceil((pass * PREFIXES) / passes);
    const to = Math.ceil(((pass + 1) * PREFIXES) / passes);
    const gathered = new Gathered(expected * STORABLE_RECORD_BYTES);
    for (const run of numbers) gathered.add(between(runs.records(run), from, to));
    for (const record of padding) gathered.add(between(record, from, to));
    const { bytes } = gathered;
    for (const number of sortedNumbers(bytes)) {
      yield bytes.subarray(number * STORABLE_RECORD_BYTES, (number + 1) * STORABLE_RECORD_BYTES);
    }
  }
}

/** Those of sorted records whose ids begin with `from` up to but not including `to`. */
function between(sorted: Uint8Array, from: number, to: number): Uint8Array {
  const first = firstFrom(sorted, from);
  return sorted.subarray(
    first * STORABLE_RECORD_BYTES,
    firstFrom(sorted, to) * STORABLE_RECORD_BYTES,
  );
}

/** Copies of pieces, back to back: the runs that they come from are large, and let go. */
class Gathered {
  #held: Uint8Array;
  #length = 0;

  constructor(expectedBytes: number) {
    this.#held = new Uint8Array(expectedBytes);
  }

  get bytes(): Uint8Array {
    return this.#held.subarray(0, this.#length);
  }

  add(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#held.length) {
      const larger = new Uint8Array(2 * length);
      larger.set(this.bytes);
      this.#held = larger;
    }
    this.#held.set(piece, this.#length);
    this.#length = length;
  }
}
