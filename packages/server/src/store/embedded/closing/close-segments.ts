import type { CryptoSuite } from "@glowworm/protocol";
import { type FencedRecords, fencedParts } from "../open/fenced-records.ts";
import { type OpenDatabase, openSound } from "../open/open-hour-file.ts";
import { Runs } from "../open/runs.ts";
import { reread, type Wait } from "../reread.ts";
import type { FiledSegment } from "../segments/segment-file.ts";
import { writeFiles } from "../segments/segment-writer.ts";

/** A segment that nothing enters any more. */
interface FencedSegment extends FencedRecords {
  /** File to make. */
  readonly to: string;
}

/** What closing segments of one open hour takes. Plain data: it travels between threads. */
export interface SegmentsJob {
  /** Database of the hour; others may write it meanwhile. */
  readonly database: string;
  readonly segments: readonly FencedSegment[];
  /** 32 random bytes from which padding is drawn: with the same ones a segment gets the same bytes again. */
  readonly seed: Uint8Array;
}

/** What closing stands on. */
export interface ClosingWorld {
  readonly crypto: CryptoSuite;
  readonly openForReading: OpenDatabase;
  readonly wait: Wait;
}

/**
 * Writes the files of segments. Takes the time of the records, and memory for a part of them.
 * @throws {DamagedHourError} when the runs are not what was stored.
 */
export function closeSegments(world: ClosingWorld, job: SegmentsJob): readonly FiledSegment[] {
  return reread(world.wait, () => filedSegments(world, job));
}

function filedSegments(
  { crypto, openForReading }: ClosingWorld,
  job: SegmentsJob,
): readonly FiledSegment[] {
  return openSound(openForReading, job.database, (database) => {
    const runs = new Runs(database);
    const segments = job.segments.map((fenced) => {
      return { ...fencedParts(crypto, runs, fenced, job.seed), to: fenced.to };
    });
    const filed = writeFiles(crypto, segments);
    database.close();
    return filed;
  });
}
