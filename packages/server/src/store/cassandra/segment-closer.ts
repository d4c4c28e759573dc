import {
  arrivalStepOf,
  type CryptoSuite,
  encodeRecords,
  equalBytes,
  paddingRecord,
  type RandomSource,
  SEGMENT_SECONDS,
  STORED_RECORD_BYTES,
  segmentPadding,
} from "@glowworm/protocol";
import type { Arrivals } from "./arrivals.ts";
import { encodeCounts, type OpenHour } from "./book.ts";
import { CANDIDATE_BYTES, type CandidateList } from "./candidate-list.ts";
import type { FilterBuilder } from "./filter-thread.ts";
import type { HourCandidates } from "./hour-candidates.ts";
import type { Tables } from "./schema.ts";
import type { SegmentCandidates } from "./segment-candidates.ts";
import { bytesOf, intOf, type Session } from "./session.ts";

/** Bytes of segments that are held until they are written. */
const HELD_BYTES_MAX = 1_048_576;

/** What closing stands on. */
export interface CloserParts {
  readonly session: Session;
  readonly tables: Tables;
  readonly arrivals: Arrivals;
  readonly candidates: CandidateList;
  readonly segments: SegmentCandidates;
  readonly hours: HourCandidates;
  readonly crypto: CryptoSuite;
  readonly random: RandomSource;
  readonly filters: FilterBuilder;
}

/**
 * Closes the segments of an open hour up to `through`, all of which are behind the fence. What they hold was chosen when
 * it resolves, by this server or by another one at the same time.
 */
export async function closeSegments(
  parts: CloserParts,
  hour: OpenHour,
  through: number,
): Promise<void> {
  let first = hour.closedThrough + 1;
  while (first <= through) first = (await closeTogether(parts, hour.hour, first, through)) + 1;
}

/** Returns the last segment of the closing that was chosen. */
async function closeTogether(
  parts: CloserParts,
  hour: number,
  first: number,
  through: number,
): Promise<number> {
  const candidate = parts.random.bytes(CANDIDATE_BYTES);
  await parts.candidates.announce(hour, candidate, "segments");
  const counts = await writeClosing(parts, candidate, first, through);
  const chosen = await parts.session.decide(
    `INSERT INTO ${parts.tables("closings")} (hour, first, through, candidate, counts)
     VALUES (?, ?, ?, ?, ?) IF NOT EXISTS`,
    [hour, first, through, candidate, encodeCounts(counts)],
  );
  // The driver may have tried twice: then what stands in the way is our own.
  if (chosen === null || equalBytes(bytesOf(chosen, "candidate"), candidate)) return through;
  await parts.segments.remove(candidate);
  return intOf(chosen, "through");
}

async function writeClosing(
  parts: CloserParts,
  candidate: Uint8Array,
  first: number,
  through: number,
): Promise<readonly number[]> {
  const shards = await parts.arrivals.shards(first, through);
  const counts: number[] = [];
  let held = new Map<number, Uint8Array>();
  let heldBytes = 0;
  for (let segment = first; segment <= through; segment++) {
    const bytes = await segmentBytes(parts, segment, shards.get(segment) ?? []);
    counts.push(bytes.length / STORED_RECORD_BYTES);
    held.set(segment, bytes);
    heldBytes += bytes.length;
    if (heldBytes < HELD_BYTES_MAX && segment < through) continue;
    await parts.segments.write(candidate, held);
    held = new Map();
    heldBytes = 0;
  }
  return counts;
}

async function segmentBytes(
  { arrivals, crypto, random }: CloserParts,
  segment: number,
  shards: readonly number[],
): Promise<Uint8Array> {
  const records = await arrivals.read(segment, shards);
  const step = arrivalStepOf(segment * SEGMENT_SECONDS);
  const padding = Array.from({ length: segmentPadding(records.length) }, () =>
    paddingRecord(crypto, random, step),
  );
  return encodeRecords([...records, ...padding]);
}
