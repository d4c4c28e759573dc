import type { ClosedHour } from "../closed/hour-file.ts";
import type { FiledSegment } from "../segments/segment-file.ts";
import type { ClosingJob } from "./close-hour.ts";
import type { SegmentsJob } from "./close-segments.ts";

/** What a closing thread is started with. */
export interface ClosingSettings {
  /** Whether everything else goes first. */
  readonly hasTime: boolean;
}

/** What a closing thread is asked. */
export type ClosingRequest =
  | { readonly kind: "segments"; readonly job: SegmentsJob }
  | { readonly kind: "hour"; readonly job: ClosingJob }
  | { readonly kind: "discard"; readonly paths: readonly string[] };

/** What was done; which of them depends on what was asked. */
export type Closed = readonly FiledSegment[] | ClosedHour | null;

/** What it answers, in the order in which it was asked. `isDamage`: it threw a `DamagedHourError`. */
export type ClosingReply =
  | { readonly closed: Closed }
  | { readonly message: string; readonly isDamage: boolean };
