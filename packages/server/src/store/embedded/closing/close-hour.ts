import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname } from "node:path";
import { syncFolder, writeAll } from "@glowworm/platform";
import {
  buildFilter,
  type CryptoSuite,
  compareBytes,
  concat,
  fromHex,
  HASH_BYTES,
  hourPadding,
  PAGE_RECORDS,
  type RandomSource,
  toHex,
} from "@glowworm/protocol";
import { HourAssembly } from "../../hour-assembly.ts";
import { hourPaddingRecords } from "../../hour-rules.ts";
import { type ClosedHour, encodeFooter, SPANS } from "../closed/hour-file.ts";
import { UNFINISHED } from "../layout.ts";
import { reread, type Wait } from "../reread.ts";
import { readSpan, type Span } from "../segments/file-spans.ts";
import type { SegmentNote } from "../segments/segment-file.ts";
import { openNoted, SegmentSource } from "../segments/segment-source.ts";
import { mergeSources, type RecordSource } from "./merge.ts";
import { randomFromSeed } from "./seeded-padding.ts";

/** Pages between two waits for the disk: 4 MB. */
const PAGES_AT_ONCE = 128;

/** A closed segment and where its file is. */
export interface SegmentOnDisk extends SegmentNote {
  readonly path: string;
}

/** What closing an hour takes. Plain data: it travels between threads. */
export interface ClosingJob {
  readonly hour: number;
  /** All segments of the hour, in order. */
  readonly segments: readonly SegmentOnDisk[];
  /** File to make. */
  readonly to: string;
  /** Manifest hash of the closed hour before, lowercase hex, or null for the first. */
  readonly previous: string | null;
  /** 32 random bytes, from which padding and filter are drawn. */
  readonly seed: Uint8Array;
}

/**
 * Writes the file of a closed hour: whole and on disk under its name, or not there at all. Takes the time of the hour's
 * records, and memory for a part of each segment and the ids of an hour with a filter; everybody else may read and write
 * meanwhile.
 * @throws {DamagedHourError} when the records are not those that were stored.
 */
export function closeHour(crypto: CryptoSuite, wait: Wait, job: ClosingJob): ClosedHour {
  const opened: number[] = [];
  try {
    const sources = job.segments.map((note) => {
      const fd = openNoted(note.path, note);
      opened.push(fd);
      const { size } = fstatSync(fd);
      const read = (span: Span): Uint8Array => reread(wait, () => readSpan(fd, span));
      return new SegmentSource(crypto, note, size, read);
    });
    return writeHour(crypto, job, sources);
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

function writeHour(
  crypto: CryptoSuite,
  job: ClosingJob,
  sources: readonly SegmentSource[],
): ClosedHour {
  const count = job.segments.reduce((sum, { records }) => sum + records, 0);
  const missing = hourPadding(count);
  const unfinished = job.to + UNFINISHED;
  const fd = openSync(unfinished, "w", 0o600);
  try {
    const random = randomFromSeed(crypto, job.seed);
    const padding = paddingSource(crypto, random, missing, job);
    const assembly = assemblyInto(crypto, fd, (count + missing) / PAGE_RECORDS);
    mergeSources([...sources, padding], (record, step) => assembly.add(record, step));
    const closed = finish(crypto, random, job, fd, assembly);
    fsyncSync(fd);
    renameSync(unfinished, job.to);
    syncFolder(dirname(job.to));
    return closed;
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function assemblyInto(crypto: CryptoSuite, fd: number, pages: number): HourAssembly {
  return new HourAssembly(crypto, pages, (page, index) => {
    writeAll(fd, page, SPANS.page(pages, index).offset);
    // A commit waits for whatever else is on its way to the disk: let that be little.
    if (index % PAGES_AT_ONCE === PAGES_AT_ONCE - 1) fdatasyncSync(fd);
  });
}

/** Writes what stands around the pages. */
function finish(
  crypto: CryptoSuite,
  random: RandomSource,
  { hour, previous }: ClosingJob,
  fd: number,
  assembly: HourAssembly,
): ClosedHour {
  const before = previous === null ? new Uint8Array(HASH_BYTES) : fromHex(previous);
  const filter = assembly.ids === null ? null : buildFilter(assembly.ids, random);
  const { pages, manifest, manifestHash } = assembly.finish(hour, before, filter);
  const closed = { hour, pages, manifest: toHex(manifestHash) };
  const end = filter ?? new Uint8Array();
  const footer = encodeFooter(crypto, { ...closed, filterBytes: end.length });
  writeAll(fd, manifest, 0);
  writeAll(fd, concat(end, footer), SPANS.filter(pages, 0).offset);
  return closed;
}

/** Padding for whole pages, in order. */
function paddingSource(
  crypto: CryptoSuite,
  random: RandomSource,
  missing: number,
  { hour, segments }: ClosingJob,
): RecordSource {
  const firstSegment = segments[0]?.segment ?? 0;
  const padding = hourPaddingRecords(crypto, random, missing, { hour, firstSegment })
    .map(({ getId, envelope, arrivalStep }) => ({ record: concat(getId, envelope), arrivalStep }))
    .sort((a, b) => compareBytes(a.record, b.record));
  let row = -1;
  return {
    next: () => padding[++row]?.record ?? null,
    get step() {
      return padding[row]?.arrivalStep ?? 0;
    },
  };
}
