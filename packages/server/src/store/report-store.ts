import type { HoursList } from "@glowworm/protocol";

/** What can be fetched now. */
export type Published = Pick<HoursList, "hours" | "open">;

/** Why a segment cannot be served: not over yet, or published with its closed hour since. */
export type SegmentAbsence = "open" | "gone";

/** Bytes that are too many to be held at once, or are handed on like such. */
export interface ByteParts {
  readonly length: number;
  /**
   * All of them in order, from the beginning at each call; read as far as somebody asks, and let go of by who ends early.
   * @throws {StoreUnavailableError} before a part that is not what was published: then less than `length` bytes came.
   */
  parts(): AsyncIterable<Uint8Array>;
}

/**
 * What anybody may fetch. Bytes that were served once never change: not after a restart, not when the clock steps back.
 * @see docs/protocol.md section 7
 */
export interface PublishedHours {
  /** Closed hours in ascending order, and the segments of hours that are not closed yet. */
  published(): Promise<Published>;
  /** A closed segment, whose first part is there already. @throws {StoreUnavailableError} */
  segment(segment: number): Promise<ByteParts | SegmentAbsence>;
  /** The manifest of a closed hour, or null. @throws {StoreUnavailableError} */
  manifest(hour: number): Promise<Uint8Array | null>;
  /** A page of a closed hour, or null. @throws {StoreUnavailableError} */
  page(hour: number, page: number): Promise<Uint8Array | null>;
  /** The filter of a closed hour, or null when there is no such hour or it has none. @throws {StoreUnavailableError} */
  filter(hour: number): Promise<Uint8Array | null>;
}

/**
 * Where sealed reports are kept. A report counts for the segment and hour of its commit, and never for a segment that
 * is closed.
 */
export interface ReportStore extends PublishedHours {
  /**
   * Stores all of a batch or none, and resolves only once it is durable. A report that the current or the previous
   * hour holds already is stored once.
   * @param records 129 bytes each, `get_id` and envelope, back to back; not to be changed any more.
   * @throws {StoreBusyError} at once, when too much is waiting; or when the hour has as many reports as an hour takes.
   * @throws {StoreUnavailableError} when nothing could be made durable; asking again is safe.
   * @throws {StoreFullError} when the disk has too little room for more.
   */
  put(records: Uint8Array): Promise<void>;
  /**
   * Closes the segments and hours that are over and removes what is past retention. May be called again while it runs:
   * closing a large hour takes long, and segments do not wait for it.
   * @throws {StoreUnavailableError}
   */
  maintain(): Promise<void>;
  health(): StoreHealth;
  /** Finishes what was accepted and lets go of everything. */
  close(): Promise<void>;
}

export interface StoreHealth {
  /** Whether the newest write succeeded, and there is room for the next. */
  readonly isWritable: boolean;
  /** First segment that reports may still enter; later than the clock says when the clock stepped back. */
  readonly arrivalFloor: number;
}

/** Records that one write made durable, and how long it took. */
export interface CommitGroup {
  readonly records: number;
  readonly seconds: number;
}

/** Too much is waiting to be written. Nothing was stored. */
export class StoreBusyError extends Error {
  override readonly name = "StoreBusyError";
  /** Seconds after which another try may do; null when nobody can say. */
  readonly retrySeconds: number | null;

  constructor(message: string, retrySeconds: number | null = null) {
    super(message);
    this.retrySeconds = retrySeconds;
  }
}

/** The disk refused. Nothing was acknowledged; asking again later is safe. */
export class StoreUnavailableError extends Error {
  override readonly name: string = "StoreUnavailableError";
}

/** There is no room for more reports. Nothing was stored; it takes reports again once there is room. */
export class StoreFullError extends StoreUnavailableError {
  override readonly name: string = "StoreFullError";
}

/** The store cannot come back within this process: end it and start it again. */
export class StoreLostError extends StoreUnavailableError {
  override readonly name: string = "StoreLostError";
}
