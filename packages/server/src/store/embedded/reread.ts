import { DamagedHourError, isUnreadable } from "./damage.ts";

/**
 * Milliseconds before the second try of a read that failed, and before the third. A weak sector may give way to the next try; a
 * cable or a bus takes its time. The system itself has tried for longer before it said anything, and a disk that is gone does
 * not let a file be set aside either: more tries would only hold up everybody else.
 */
const WAITS_MS: readonly number[] = [250, 2000];

/** Stops this thread for some milliseconds. */
export type Wait = (ms: number) => void;

/**
 * Does what reads, up to three times when the disk cannot read.
 * @throws {DamagedHourError} when it still cannot.
 */
export function reread<T>(wait: Wait, work: () => T, waitsMs: readonly number[] = WAITS_MS): T {
  try {
    return work();
  } catch (error) {
    const [ms, ...later] = waitsMs;
    if (ms === undefined || !isUnreadable(error)) throw damageOr(error);
    wait(ms);
    return reread(wait, work, later);
  }
}

/** The same where others go on meanwhile. */
export async function rereadLater<T>(
  sleep: (ms: number) => Promise<void>,
  work: () => Promise<T>,
  waitsMs: readonly number[] = WAITS_MS,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const [ms, ...later] = waitsMs;
    if (ms === undefined || !isUnreadable(error)) throw damageOr(error);
    await sleep(ms);
    return await rereadLater(sleep, work, later);
  }
}

function damageOr(error: unknown): unknown {
  if (!isUnreadable(error)) return error;
  return new DamagedHourError("cannot be read", { cause: error });
}
