import {
  ByteReader,
  encodeRecords,
  equalBytes,
  HASH_BYTES,
  hourPadding,
  PAGE_RECORDS,
  STORABLE_RECORD_BYTES,
} from "@glowworm/protocol";
import { type AssembledHour, HourAssembly } from "../hour-assembly.ts";
import { hourPaddingRecords } from "../hour-rules.ts";
import { BOOK, type ClosedHour, type OpenHour } from "./book.ts";
import { CANDIDATE_BYTES } from "./candidate-list.ts";
import { mergeRecords } from "./merge.ts";
import type { CloserParts } from "./segment-closer.ts";
import { bytesOf } from "./session.ts";

/** Pages that are held until they are written. */
const HELD_PAGES_MAX = 8;
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
  const { session, tables, candidates, hours } = parts;
  const candidate = parts.random.bytes(CANDIDATE_BYTES);
  await candidates.announce(hour.hour, candidate, "hour");
  const made = await writePages(parts, candidate, hour, previous);
  if (made.filter !== null) await hours.writeFilter(candidate, made.filter);
  await hours.writeManifest(candidate, made.manifest);
  const chosen = await session.decide(
    `UPDATE ${tables("hours")} SET candidate = ?, pages = ?, manifest = ?, filter_bytes = ?, retention_days = ?
     WHERE book = ${BOOK} AND hour = ? IF candidate = null`,
    [candidate, made.pages, made.manifestHash, made.filter?.length ?? 0, retentionDays, hour.hour],
  );
  // The driver may have tried twice: then what stands in the way is our own.
  if (chosen === null || equalBytes(bytesOf(chosen, "candidate"), candidate)) return;
  await hours.remove(candidate, made.pages);
}

/** Reads the hour twice: what fills its last page can be drawn only when it has been counted. */
async function writePages(
  parts: CloserParts,
  candidate: Uint8Array,
  hour: OpenHour,
  previous: ClosedHour | undefined,
): Promise<AssembledHour> {
  let count = 0;
  for await (const _ of recordsOf(parts, hour, previous)) count += 1;
  const pages = (count + hourPadding(count)) / PAGE_RECORDS;
  let held: Uint8Array[] = [];
  let written = 0;
  const assembly = new HourAssembly(parts.crypto, pages, (page) => held.push(page));
  const flush = async (): Promise<void> => {
    await parts.hours.writePages(candidate, written, held);
    written += held.length;
    held = [];
  };
  const { crypto, random } = parts;
  const padding = encodeRecords(hourPaddingRecords(crypto, random, hourPadding(count), hour));
  for await (const record of recordsOf(parts, hour, previous, padding)) {
    assembly.add(record.subarray(0, STORABLE_RECORD_BYTES), stepOf(record));
    if (held.length === HELD_PAGES_MAX) await flush();
  }
  await flush();
  const filter = assembly.ids === null ? null : await parts.filters.build(assembly.ids);
  return assembly.finish(hour.hour, previous?.manifest ?? new Uint8Array(HASH_BYTES), filter);
}

function stepOf(record: Uint8Array): number {
  return new ByteReader(record.subarray(STORABLE_RECORD_BYTES)).u32("stored.arrival_step");
}

/** All records of an hour's segments that the hour before does not have. */
function recordsOf(
  { segments, hours }: CloserParts,
  hour: OpenHour,
  previous: ClosedHour | undefined,
  padding: Uint8Array = NOTHING,
): AsyncGenerator<Uint8Array> {
  const closed = hour.closings.flatMap(({ first, counts, candidate }) =>
    counts.map((count, index) => segments.read(candidate, first + index, count)),
  );
  const isNext = previous?.hour === hour.hour - 1;
  const known = isNext ? hours.pages(previous.candidate, previous.pages) : only(NOTHING);
  const counted = hour.closings.flatMap(({ counts }) => counts);
  const total = counted.reduce((sum, count) => sum + count, 0);
  return mergeRecords([...closed, only(padding)], known, total);
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}
