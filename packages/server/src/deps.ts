import type { Clock, CryptoSuite } from "@glowworm/protocol";
import type { Context } from "hono";
import type { IdCap } from "./id-cap.ts";
import type { ReportError } from "./problem.ts";
import type { ReportStore } from "./store/report-store.ts";
import type { UploadAdmission } from "./tokens/upload-admission.ts";

/** What the routes stand on. */
export interface AppDeps {
  readonly store: ReportStore;
  readonly clock: Clock;
  readonly crypto: CryptoSuite;
  readonly cap: IdCap;
  /** Who may upload; null for everybody. */
  readonly admission: UploadAdmission | null;
  readonly retentionDays: number;
  /** Name and version of this program, for `/about`. */
  readonly software: string;
  /** Address a request came from. */
  readonly addressOf: (c: Context) => string | undefined;
  /** Whether the server is on its way out. */
  readonly isStopping: () => boolean;
  readonly reportError: ReportError;
}
