import { ByteBudget, type Transfer, TransferError } from "@glowworm/platform";
import {
  checkRecords,
  DecodeError,
  type HoursList,
  PATHS,
  SEGMENT_RECORDS_MULTIPLE,
  STORED_RECORD_BYTES,
} from "@glowworm/protocol";
import { forEachOf } from "./each.ts";
import type { ProblemLog } from "./problems.ts";
import { type LookupDeps, type OnRecords, PARALLEL } from "./reading.ts";

/** All open segments together, those that are under way and those that stay in memory: half a million reports. */
const SEGMENTS_BYTES_MAX = 64 * 2 ** 20;
const HTTP_GONE = 410;

/** Reads the segments of hours that are not closed yet, newest first. @see docs/protocol.md section 7.3 */
export class OpenHourReader {
  readonly #deps: LookupDeps;
  readonly #transfer: Transfer;
  readonly #log: ProblemLog;
  readonly #segments: Uint8Array[] = [];
  readonly #room = new ByteBudget(SEGMENTS_BYTES_MAX);
  #isFull = false;

  constructor(deps: LookupDeps, transfer: Transfer, log: ProblemLog) {
    this.#deps = deps;
    this.#transfer = transfer;
    this.#log = log;
  }

  /** What was read: records of each segment. */
  get segments(): readonly Uint8Array[] {
    return this.#segments;
  }

  /** @returns numbers of segments whose hour was closed after the list was made. */
  async read(list: HoursList, onRecords: OnRecords): Promise<readonly number[]> {
    const { onProgress } = this.#deps;
    const segments = list.open === null ? [] : countDown(list.open.last, list.open.first);
    const gone: number[] = [];
    let done = 0;
    await forEachOf(segments, PARALLEL, async (segment) => {
      await this.#log.attempt(`segment ${segment}`, async () => {
        const records = await this.#fetchOrGone(segment);
        if (records === null) gone.push(segment);
        else onRecords(records);
      });
      done += 1;
      onProgress("open", done, segments.length);
    });
    return gone;
  }

  async #fetchOrGone(segment: number): Promise<Uint8Array | null> {
    try {
      const bytes = await this.#fetchSegment(segment);
      checkSegment(bytes);
      this.#segments.push(bytes);
      return bytes;
    } catch (error) {
      if (error instanceof TransferError && error.status === HTTP_GONE) return null;
      throw error;
    }
  }

  /** What came in counts, used or not, but for what had no room; after that there is none for another. */
  async #fetchSegment(segment: number): Promise<Uint8Array> {
    if (this.#isFull) throw new TransferError("too-large", 0);
    try {
      return await this.#transfer.getWithin(PATHS.segment(segment), this.#room);
    } catch (error) {
      if (error instanceof TransferError && error.code === "too-large") this.#isFull = true;
      throw error;
    }
  }
}

/** @throws {DecodeError} any code. @see docs/protocol.md section 7.3 */
function checkSegment(bytes: Uint8Array): void {
  const unit = SEGMENT_RECORDS_MULTIPLE * STORED_RECORD_BYTES;
  if (bytes.length === 0 || bytes.length % unit !== 0) {
    throw new DecodeError("truncated", "segment", bytes.length);
  }
  checkRecords(bytes);
}

function countDown(from: number, to: number): readonly number[] {
  return Array.from({ length: from - to + 1 }, (_, index) => from - index);
}
