import { type Clock, SEGMENT_SECONDS, type Stepper } from "@glowworm/protocol";
import type { ErrorLog } from "./error-log.ts";
import type { HourDiary } from "./hour-diary.ts";
import { waitAtMost } from "./patience.ts";
import { type ReportStore, StoreLostError, StoreUnavailableError } from "./store/report-store.ts";
import type { UploadAdmission } from "./tokens/upload-admission.ts";

/** What maintenance stands on. */
export interface MaintenanceDeps {
  readonly store: ReportStore;
  /** Null for a public server. */
  readonly admission: UploadAdmission | null;
  readonly diary: HourDiary;
  readonly errors: ErrorLog;
  readonly clock: Clock;
  readonly isStopping: () => boolean;
}

/** How long a step waits for the store. */
const PATIENCE_MS = 1000;
/** How soon a store that failed is tried again. */
const RETRY_MS = 5000;
const SEGMENT_MS = SEGMENT_SECONDS * 1000;

/** Closes segments and hours when they are over, and forgets what is too old. */
export class Maintenance implements Stepper {
  readonly #deps: MaintenanceDeps;

  constructor(deps: MaintenanceDeps) {
    this.#deps = deps;
  }

  /** Does what is due; returns the milliseconds until the next segment is over. @throws {StoreLostError} */
  async step(): Promise<number> {
    const { clock, errors, isStopping } = this.#deps;
    try {
      // A large hour is closed meanwhile: neither the next segment nor a stop waits for it.
      await waitAtMost({ clock, ms: PATIENCE_MS }, this.#maintain(), (error) => {
        if (!isStopping()) errors.report("closing what is over failed", error);
      });
    } catch (error) {
      const mayRecover =
        error instanceof StoreUnavailableError && !(error instanceof StoreLostError);
      if (!mayRecover) throw error;
      errors.report("closing what is over failed", error);
      return RETRY_MS;
    }
    return SEGMENT_MS - (clock.nowMs() % SEGMENT_MS);
  }

  async #maintain(): Promise<void> {
    const { store, admission, diary } = this.#deps;
    await store.maintain();
    await admission?.forgetOld();
    await diary.note(store);
  }
}
