import type { Latencies } from "./latencies.ts";

/** A load on a server, made by a process of its own. */
export interface LoadSpec {
  readonly url: string;
  /** Counted seconds; as much warming up as `WARM_UP_SECONDS` comes before. */
  readonly seconds: number;
  /** Requests that are under way at most. */
  readonly connections: number;
  /** Uploads of so many random reports, or requests for these paths in random order. */
  readonly what: { readonly records: number } | { readonly paths: readonly string[] };
  /**
   * Requests a second, sent when they are due however slow the answers are, and timed from then on; or null: each
   * connection sends its next request when it has its answer.
   */
  readonly perSecond: number | null;
}

/** What came of it. */
export interface LoadResult {
  /** Answers that said yes, a second. */
  readonly perSecond: number;
  /** Answers that asked to come back later. */
  readonly refused: number;
  readonly bodyBytes: number;
  readonly latencies: Latencies;
}

/** A process that has just begun is slow in ways that no server sees. */
export const WARM_UP_SECONDS = 0.5;
