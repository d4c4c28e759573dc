import { setImmediate } from "node:timers/promises";

/** Settles once the condition holds, looking again on every turn of the event loop. The test's timeout bounds it. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setImmediate();
}
