import {
  arrivalStepOf,
  buildFilter,
  FILTER_FREE_PAGES,
  filterHash,
  GET_ID_BYTES,
  STORED_RECORD_BYTES,
  encodeManifest,
  encodeRecords,
  HASH_BYTES,
  hourPadding,
  manifestHash,
  PAGE_BYTES,
  PAGE_RECORDS,
  type PageEntry,
  paddingRecord,
  pageEntryOf,
  randomFraction,
  SEGMENT_SECONDS,
} from "@glowworm/protocol";
import { BOOK, type ClosedHour, lastSegmentOf, type OpenHour } from "./book.ts";
import { mergeRecords, type RecordSource } from "./merge.ts";
import { CANDIDATE_BYTES } from "./pieces.ts";
import type { CloserParts } from "./segment-closer.ts";

/** Pages that are held until they are written. */
const HELD_PAGES_MAX = 8;
const NO_HASH = new Uint8Array(HASH_BYTES);
const NOTHING = new Uint8Array();

/**
 * Closes an hour whose segments are all closed: what its pages hold was chosen when it resolves, by this server or by
 * another one at the same time. Hours close in order, each after `previous`.
 */
export async function closeHour(
  parts: CloserParts,
  hour: OpenHour,
  previous: ClosedHour | undefined,
  retentionDays: number,
): Promise<void> {
  const { session, tables, pieces, crypto } = parts;
  const candidate = parts.random.bytes(CANDIDATE_BYTES);
  const { entries, ids } = await writePages(parts, candidate, hour, previous);
  const filter = entries.length > FILTER_FREE_PAGES ? buildFilter(ids, parts.random) : null;
  if (filter !== null) await pieces.writeFilter(candidate, filter);
  const manifest = encodeManifest({
    hour: hour.hour,
    recordCount: entries.length * PAGE_RECORDS,
    previous: previous?.manifest ?? NO_HASH,
    filter: filter === null ? NO_HASH : filterHash(crypto, filter),
    pages: entries,
  });
  await pieces.writeManifest(candidate, manifest);
  const hash = manifestHash(crypto, manifest);
  const chosen = await session.decide(
    `UPDATE ${tables("hours")} SET candidate = ?, pages = ?, manifest = ?, filter_bytes = ?, retention_days = ?
     WHERE book = ${BOOK} AND hour = ? IF candidate = null`,
    [candidate, entries.length, hash, filter?.length ?? 0, retentionDays, hour.hour],
  );
  if (chosen !== null) await pieces.removeHour(candidate, entries.length);
}

interface WrittenPages {
  readonly entries: readonly PageEntry[];
  /** Ids of all records, back to back. */
  readonly ids: Uint8Array;
}

/** Reads the hour twice: what fills its last page can be drawn only when it has been counted. */
async function writePages(
  parts: CloserParts,
  candidate: Uint8Array,
  hour: OpenHour,
  previous: ClosedHour | undefined,
): Promise<WrittenPages> {
  let count = 0;
  for await (const _ of recordsOf(parts, hour, previous)) count += 1;
  const padding = paddingOf(parts, hour, count);
  const ids = new Uint8Array((count + padding.length / STORED_RECORD_BYTES) * GET_ID_BYTES);
  const entries: PageEntry[] = [];
  let held: Uint8Array[] = [];
  for await (const page of pagesOf(recordsOf(parts, hour, previous, padding))) {
    copyIds(ids, entries.length * PAGE_RECORDS, page);
    entries.push(pageEntryOf(parts.crypto, page));
    held.push(page);
    if (held.length < HELD_PAGES_MAX) continue;
    await parts.pieces.writePages(candidate, entries.length - held.length, held);
    held = [];
  }
  await parts.pieces.writePages(candidate, entries.length - held.length, held);
  return { entries, ids };
}

function copyIds(ids: Uint8Array, at: number, page: Uint8Array): void {
  for (let index = 0; index < PAGE_RECORDS; index++) {
    const from = index * STORED_RECORD_BYTES;
    ids.set(page.subarray(from, from + GET_ID_BYTES), (at + index) * GET_ID_BYTES);
  }
}

/** All records of an hour's segments that the hour before does not have. */
function recordsOf(
  { pieces }: CloserParts,
  hour: OpenHour,
  previous: ClosedHour | undefined,
  padding: Uint8Array = NOTHING,
): AsyncGenerator<Uint8Array> {
  const segments = hour.closings.flatMap(({ first, counts, candidate }) =>
    counts.map((count, index) => pieces.segment(candidate, first + index, count)),
  );
  const isNext = previous?.hour === hour.hour - 1;
  const known = isNext ? pieces.pages(previous.candidate, previous.pages) : only(NOTHING);
  const counted = hour.closings.flatMap(({ counts }) => counts);
  const total = counted.reduce((sum, count) => sum + count, 0);
  return mergeRecords([...segments, only(padding)], known, total);
}

/** Spread over the steps in which a server ran, so that no step holds padding alone. */
function paddingOf({ crypto, random }: CloserParts, hour: OpenHour, count: number): Uint8Array {
  const firstStep = arrivalStepOf(hour.firstSegment * SEGMENT_SECONDS);
  const steps = arrivalStepOf(lastSegmentOf(hour.hour) * SEGMENT_SECONDS) - firstStep + 1;
  const records = Array.from({ length: hourPadding(count) }, () => {
    return paddingRecord(crypto, random, firstStep + Math.floor(randomFraction(random) * steps));
  });
  return encodeRecords(records);
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

async function* pagesOf(records: RecordSource): AsyncGenerator<Uint8Array> {
  let page = new Uint8Array(PAGE_BYTES);
  let filled = 0;
  for await (const record of records) {
    page.set(record, filled);
    filled += record.length;
    if (filled < PAGE_BYTES) continue;
    yield page;
    page = new Uint8Array(PAGE_BYTES);
    filled = 0;
  }
}
