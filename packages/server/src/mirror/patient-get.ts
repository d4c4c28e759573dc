import { type Transfer, TransferError } from "@glowworm/platform";
import type { Clock, HourSource } from "@glowworm/protocol";

const TOO_MANY_REQUESTS = 429;
/** What a server with the usual limits gives back in this time is 125 MB: the pages of an hour of 900,000 records. */
const PATIENCE_MS = 60_000;
/** Who takes longer for an hour falls behind, and keeps other hours waiting. The largest takes 18 minutes at 125 MB a minute. */
const HOUR_MS_MAX = 1_800_000;

/** An hour is given up: others may be had all the same. */
export class HourAloneError extends Error {
  override readonly name = "HourAloneError";
}

/**
 * Gets the parts of one hour. Waits when the source says that it was too much at once, since an hour that is begun again is
 * fetched again; but all in all no longer than half an hour.
 */
export function patientGet(
  transfer: Transfer,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): HourSource["get"] {
  const endMs = clock.monotonicMs() + HOUR_MS_MAX;
  return async (path, maxBytes) => {
    for (;;) {
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0) throw new HourAloneError("the server took over 30 minutes for it");
      try {
        return await transfer.get(path, maxBytes);
      } catch (error) {
        const isBusy = error instanceof TransferError && error.status === TOO_MANY_REQUESTS;
        if (!isBusy) throw error;
        await clock.sleep(Math.min(PATIENCE_MS, leftMs), signal);
      }
    }
  };
}
