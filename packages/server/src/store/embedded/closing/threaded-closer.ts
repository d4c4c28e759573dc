import type { ClosedHour } from "../closed/hour-file.ts";
import type { FiledSegment } from "../segments/segment-file.ts";
import type { ClosingJob } from "./close-hour.ts";
import type { SegmentsJob } from "./close-segments.ts";
import type { Closer } from "./closer.ts";
import { ClosingThread } from "./closing-thread.ts";

/** Closes in threads: segments, for which readers wait, have one of their own, so that none waits for a large hour. */
export class ThreadedCloser implements Closer {
  readonly #segments: ClosingThread = new ClosingThread({ hasTime: false });
  readonly #hours: ClosingThread = new ClosingThread({ hasTime: true });

  async closeSegments(job: SegmentsJob): Promise<readonly FiledSegment[]> {
    const notes = await this.#segments.ask({ kind: "segments", job });
    if (notes === null || !("length" in notes)) throw otherAnswer();
    return notes;
  }

  async closeHour(job: ClosingJob): Promise<ClosedHour> {
    const closed = await this.#hours.ask({ kind: "hour", job });
    if (closed === null || "length" in closed) throw otherAnswer();
    return closed;
  }

  async discard(paths: readonly string[]): Promise<void> {
    await this.#hours.ask({ kind: "discard", paths });
  }

  async end(): Promise<void> {
    await Promise.all([this.#segments.end(), this.#hours.end()]);
  }
}

function otherAnswer(): Error {
  return new Error("the closing thread answered something else");
}
