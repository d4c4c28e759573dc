import type { ClosingJob } from "./close-hour.ts";
import type { ClosedHour } from "./hour-file.ts";

/** What the closing thread is asked. */
export type ClosingRequest =
  | { readonly kind: "close"; readonly job: ClosingJob }
  | { readonly kind: "discard"; readonly path: string };

/** What it answers, in the order in which it was asked. `isDamage`: it threw a `DamagedHourError`. */
export type ClosingReply =
  | { readonly closed: ClosedHour | null }
  | { readonly message: string; readonly isDamage: boolean };
