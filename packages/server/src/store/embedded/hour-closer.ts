import { type ClosingJob, type ClosingWorld, closeHour } from "./close-hour.ts";
import type { ClosedHour } from "./hour-file.ts";
import { removeDatabase } from "./layout.ts";

/** Does the long work at the end of an hour. */
export interface HourCloser {
  /** @throws {DamagedHourError} when the records are not those that were stored. */
  close(job: ClosingJob): Promise<ClosedHour>;
  /** Removes the database of a closed hour. */
  discard(path: string): Promise<void>;
  /** Gives up what is not finished; the next start does it again. */
  end(): Promise<void>;
}

/** Does it in this thread, and so at once. */
export class LocalCloser implements HourCloser {
  readonly #world: ClosingWorld;

  constructor(world: ClosingWorld) {
    this.#world = world;
  }

  async close(job: ClosingJob): Promise<ClosedHour> {
    return closeHour(this.#world, job);
  }

  async discard(path: string): Promise<void> {
    removeDatabase(path);
  }

  async end(): Promise<void> {}
}
