import type { Hours } from "../hours.ts";
import type { OpenHour } from "../open/open-hour.ts";
import type { Closer } from "./closer.ts";

/** What closing segments stands on. */
export interface SegmentClosingWorld {
  readonly closer: Closer;
  /** Lets what waits go first. */
  readonly pause: () => Promise<void>;
}

/** Brings fenced segments into files, one hour after the other, and removes their runs; commits are let in between. */
export class SegmentClosing {
  readonly #hours: Hours;
  readonly #world: SegmentClosingWorld;
  #closing: Promise<void> | null = null;

  constructor(hours: Hours, world: SegmentClosingWorld) {
    this.#hours = hours;
    this.#world = world;
  }

  /** Resolves when all segments that were fenced before the call are closed. */
  async close(): Promise<void> {
    while (this.#hours.open.some((hour) => hour.isBehind)) {
      this.#closing ??= this.#closeNext().finally(() => {
        this.#closing = null;
      });
      await this.#closing;
    }
  }

  /** Removes the runs of segments that have files, some at a time. An hour that is gone meanwhile needs it no more. */
  async removeLeftover(): Promise<void> {
    for (const hour of [...this.#hours.open]) {
      let goesOn = true;
      while (goesOn && hour.hasLeftover && this.#hours.open.includes(hour)) {
        goesOn = this.#hours.orSetAside(hour, () => hour.removeLeftover());
        await this.#world.pause();
      }
    }
  }

  async #closeNext(): Promise<void> {
    const hour = this.#hours.open.find(({ isBehind }) => isBehind);
    if (hour !== undefined) await this.#file(hour);
  }

  async #file(hour: OpenHour): Promise<void> {
    const { closer } = this.#world;
    const job = this.#hours.orSetAside(hour, () => hour.segmentsJob());
    const filed = await this.#hours.orSetAsideLater(hour, () => closer.closeSegments(job));
    // It may have been set aside, or the store closed, while that was done.
    if (!this.#hours.open.includes(hour)) return;
    this.#hours.orSetAside(hour, () => hour.noteClosed(filed));
  }
}
