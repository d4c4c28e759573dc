import { rmSync } from "node:fs";
import type { ClosedHour } from "../closed/hour-file.ts";
import type { FiledSegment } from "../segments/segment-file.ts";
import { type ClosingJob, closeHour } from "./close-hour.ts";
import { type ClosingWorld, closeSegments, type SegmentsJob } from "./close-segments.ts";

/** Does the long work at the end of a segment and of an hour. */
export interface Closer {
  /** @throws {DamagedHourError} when the records are not those that were stored. */
  closeSegments(job: SegmentsJob): Promise<readonly FiledSegment[]>;
  /** @throws {DamagedHourError} likewise. */
  closeHour(job: ClosingJob): Promise<ClosedHour>;
  /** Removes files of a closed hour. */
  discard(paths: readonly string[]): Promise<void>;
  /** Gives up what is not finished; the next start does it again. */
  end(): Promise<void>;
}

/** Does it in this thread, and so at once. */
export class LocalCloser implements Closer {
  readonly #world: ClosingWorld;

  constructor(world: ClosingWorld) {
    this.#world = world;
  }

  async closeSegments(job: SegmentsJob): Promise<readonly FiledSegment[]> {
    return closeSegments(this.#world, job);
  }

  async closeHour(job: ClosingJob): Promise<ClosedHour> {
    return closeHour(this.#world.crypto, this.#world.wait, job);
  }

  async discard(paths: readonly string[]): Promise<void> {
    for (const path of paths) rmSync(path, { force: true });
  }

  async end(): Promise<void> {}
}
