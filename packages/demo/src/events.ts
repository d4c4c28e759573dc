/** What a demo tells, in order. Times are simulated. Printed as one JSON object a line with `--json`. */
export type DemoEvent =
  | {
      readonly event: "start";
      readonly seed: number;
      readonly relays: number;
      /** RFC 3339. */
      readonly at: string;
    }
  | {
      readonly event: "progress";
      readonly at: string;
      /** Relays that have heard the laptop so far. */
      readonly heardBy: number;
      /** Reports the server has taken. */
      readonly reports: number;
    }
  | { readonly event: "first-fix"; readonly at: string; readonly secondsToFirstFix: number }
  /** Somebody takes the laptop, or leaves it. */
  | { readonly event: "moved"; readonly at: string; readonly isTaken: boolean }
  | Found
  | { readonly event: "not-found"; readonly device: string };

/** The owner's last lookup, beside the truth. */
export interface Found {
  readonly event: "found";
  readonly device: string;
  readonly lat: number;
  readonly lon: number;
  readonly accuracyMetres: number;
  /** Relays that agree. */
  readonly relays: number;
  /** When it was last seen there, RFC 3339. */
  readonly seenAt: string;
  /** Metres between the answer and where the laptop really was at that time. */
  readonly errorMetres: number;
  /** Seconds from the first frame on the air to the first place on the owner's screen. */
  readonly secondsToFirstFix: number;
}
