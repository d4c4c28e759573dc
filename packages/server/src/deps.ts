import type { About, Clock, CryptoSuite } from "@glowworm/protocol";
import type { Context } from "hono";
import type { ReportError } from "./http/problem.ts";
import type { IdCap } from "./id-cap.ts";
import type { Metrics } from "./metrics/metrics.ts";
import type { ReportStore } from "./store/report-store.ts";
import type { UploadAdmission } from "./tokens/upload-admission.ts";

/** What the routes stand on. */
export interface AppDeps {
  readonly store: ReportStore;
  readonly clock: Clock;
  readonly crypto: CryptoSuite;
  readonly cap: IdCap;
  readonly about: About;
  /** Null when nobody reads them. */
  readonly metrics: Metrics | null;
  /** Who may upload; null for everybody. */
  readonly admission: UploadAdmission | null;
  /** The network a request came from, as `sourcePrefixOf` names networks. */
  readonly networkOf: (c: Context) => string;
  /** Whether the server is on its way out. */
  readonly isStopping: () => boolean;
  readonly reportError: ReportError;
}
