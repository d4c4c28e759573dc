import type { Closer } from "./closer.ts";
import type { Hours } from "./hours.ts";
import type { OpenHour } from "./open-hour.ts";

/** What closing segments stands on. */
export interface SegmentClosingWorld {
  readonly closer: Closer;
  /** Lets what waits go first. */
  readonly pause: () => Promise<void>;
}

/** Brings sealed segments into files, one hour after the other, and lets commits in between. */
export class SegmentClosing {
  readonly #hours: Hours;
  readonly #world: SegmentClosingWorld;
  #running: Promise<void> | null = null;

  constructor(hours: Hours, world: SegmentClosingWorld) {
    this.#hours = hours;
    this.#world = world;
  }

  /** Resolves when all segments that were sealed before the call are closed, and what they leave behind is gone. */
  async close(): Promise<void> {
    while (this.#next() !== undefined) {
      this.#running ??= this.#run().finally(() => {
        this.#running = null;
      });
      await this.#running;
    }
  }

  #next(): OpenHour | undefined {
    return this.#hours.open.find((hour) => hour.isBehind);
  }

  async #run(): Promise<void> {
    for (let hour = this.#next(); hour !== undefined; hour = this.#next()) {
      const next = hour;
      await this.#hours.orSetAsideLater(next, () => this.#closeAll(next));
    }
  }

  /** The hour may be gone, as damaged, or because the store was closed, after whatever is waited for. */
  async #closeAll(hour: OpenHour): Promise<void> {
    const job = hour.segmentsJob();
    if (job !== null) {
      const notes = await this.#world.closer.closeSegments(job);
      if (this.#isOpen(hour)) hour.noteClosed(notes);
    }
    while (this.#isOpen(hour) && hour.hasLeftover) {
      hour.removeLeftover();
      await this.#world.pause();
    }
  }

  #isOpen(hour: OpenHour): boolean {
    return this.#hours.open.includes(hour);
  }
}
