import {
  ByteWriter,
  type CryptoSuite,
  concat,
  paddingRecord,
  segmentPadding,
} from "@glowworm/protocol";
import { RECORD_BYTES } from "../hour-assembly.ts";
import type { Runs } from "./runs.ts";
import { randomFromSeed } from "./seeded-padding.ts";
import { publishedParts, type SegmentParts } from "./segment-file.ts";
import { firstFrom, PREFIXES, sortedNumbers } from "./sorted-records.ts";

/** Records that are sorted at a time: 17 MB. */
const SORTED_RECORDS_MAX = 2 ** 17;
const SEED_BYTES = 32;

/** The records of a segment that nothing enters any more, without padding. */
export interface SealedRecords {
  readonly segment: number;
  readonly records: number;
  /** Which runs hold them. */
  readonly runs: readonly number[];
}

/**
 * The records of a segment as they are published, with padding drawn from 32 random bytes: with the same ones, the same
 * bytes again. Reads the runs once for each 131,072 records, and holds so many, or as many as have ids that begin alike.
 */
export function sealedParts(
  crypto: CryptoSuite,
  runs: Runs,
  sealed: SealedRecords,
  seed: Uint8Array,
): SegmentParts {
  const { segment } = sealed;
  const padding = paddingOf(crypto, segment, segmentPadding(sealed.records), seed);
  const records = sealed.records + padding.length;
  return {
    segment,
    records,
    parts: publishedParts(segment, records, sortedRecords(runs, sealed, padding)),
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
  { records, runs: numbers }: SealedRecords,
  padding: readonly Uint8Array[],
): Generator<Uint8Array> {
  const slices = Math.max(1, Math.ceil(records / SORTED_RECORDS_MAX));
  for (let slice = 0; slice < slices; slice++) {
    const from = Math.ceil((slice * PREFIXES) / slices);
    const to = Math.ceil(((slice + 1) * PREFIXES) / slices);
    const gathered = new Gathered();
    for (const run of numbers) gathered.add(between(runs.records(run), from, to));
    for (const record of padding) gathered.add(between(record, from, to));
    const { bytes } = gathered;
    for (const number of sortedNumbers(bytes)) {
      yield bytes.subarray(number * RECORD_BYTES, (number + 1) * RECORD_BYTES);
    }
  }
}

/** Those of sorted records whose ids begin with `from` up to but not including `to`. */
function between(sorted: Uint8Array, from: number, to: number): Uint8Array {
  const first = firstFrom(sorted, from);
  return sorted.subarray(first * RECORD_BYTES, firstFrom(sorted, to) * RECORD_BYTES);
}

/** Copies of pieces, back to back: the runs that they come from are large, and let go. */
class Gathered {
  #held: Uint8Array = new Uint8Array(RECORD_BYTES);
  #length = 0;

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
