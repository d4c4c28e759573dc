import { hourOfSegment } from "@glowworm/protocol";
import { lastSegmentOf } from "../hour-rules.ts";
import type { Layout } from "./layout.ts";

/** Open hours that were damaged and set aside, and how far they were served: nothing enters those segments again. */
export class LostHours {
  readonly #layout: Layout;
  readonly #hours: Set<number> = new Set();
  readonly #files: string[] = [];
  #floor = 0;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** What was set aside since the start, by the name it has now. */
  get files(): readonly string[] {
    return this.#files;
  }

  /** First segment that no lost hour was served with. */
  get floor(): number {
    return this.#floor;
  }

  has(hour: number): boolean {
    return this.#hours.has(hour);
  }

  raiseFloor(segment: number): void {
    this.#floor = Math.max(this.#floor, segment);
  }

  /** Moves the files of an open hour away, which nobody uses any more. */
  setAside(hour: number): void {
    this.#hours.add(hour);
    this.#files.push(this.#layout.setAsideOpenHour(hour));
  }

  /**
   * Learns at a start which hours were set aside, by it or before: how far they were served is known by the segments that went with
   * them. One without any takes nothing any more. One that is open again began after what was served, and has a fence.
   */
  learn(open: ReadonlySet<number>): void {
    const segments = this.#layout.damagedSegments();
    for (const hour of new Set(this.#layout.damagedOpenHours())) {
      this.#hours.add(hour);
      if (open.has(hour)) continue;
      const newest = segments.findLast((segment) => hourOfSegment(segment) === hour);
      this.raiseFloor((newest ?? lastSegmentOf(hour)) + 1);
    }
  }
}
