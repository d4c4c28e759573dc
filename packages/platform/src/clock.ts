import { setTimeout as delay } from "node:timers/promises";
import type { Clock, Stepper } from "@glowworm/protocol";

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      if (!(error instanceof Error && error.name === "AbortError")) throw error;
    }
  },
};

/** Steps until the signal aborts; settles after the last step has ended. */
export async function runSteps(stepper: Stepper, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await clock.sleep(await stepper.step(), signal);
}
