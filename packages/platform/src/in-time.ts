import type { Clock } from "@glowworm/protocol";

/** Work was not done in its time. */
export class LateError extends Error {
  override readonly name = "LateError";
}

/** How long work may take. */
export interface TimeLimit {
  readonly clock: Clock;
  readonly ms: number;
  /** Ends the work before. */
  readonly signal?: AbortSignal;
}

/**
 * Does work that a signal ends: after `ms`, or when the caller's own signal aborts.
 * @throws {LateError} when the work fails after its time; before, what it throws.
 */
export async function inTime<T>(
  { clock, ms, signal }: TimeLimit,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const done = new AbortController();
  const onAbort = (): void => stop.abort();
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener("abort", onAbort);
  let isLate = false;
  const alarm = clock.sleep(ms, done.signal).then(() => {
    isLate = !done.signal.aborted;
    if (isLate) stop.abort();
  });
  try {
    return await work(stop.signal);
  } catch (cause) {
    throw isLate ? new LateError(`not done after ${ms} ms`, { cause }) : cause;
  } finally {
    done.abort();
    await alarm;
    signal?.removeEventListener("abort", onAbort);
  }
}
