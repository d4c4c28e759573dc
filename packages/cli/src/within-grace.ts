import { once } from "node:events";
import type { Clock } from "@glowworm/protocol";

/**
 * Waits for work that a signal ends, but not for ever: `graceMs` after the signal it is left alone, whatever it hangs on.
 * @returns whether the work ended by itself. @throws what the work throws until then.
 */
export async function withinGrace(
  work: Promise<void>,
  signal: AbortSignal,
  { clock, graceMs }: { readonly clock: Clock; readonly graceMs: number },
): Promise<boolean> {
  const done = new AbortController();
  const isOver = async (): Promise<boolean> => {
    if (!signal.aborted) await once(signal, "abort", { signal: done.signal });
    await clock.sleep(graceMs, done.signal);
    return false;
  };
  try {
    return await Promise.race([work.then(() => true), isOver()]);
  } finally {
    done.abort();
  }
}
