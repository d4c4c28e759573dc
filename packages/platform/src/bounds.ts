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

/**
 * The first bytes of an answer, `limit` at most; the rest is left unread. An answer that never ends does not outlive the
 * signal, whatever its stream does with it.
 * @throws the signal's reason once that has aborted.
 */
export async function firstBytes(
  { body }: Response,
  limit: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  const onAbort = (): void => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", onAbort);
  try {
    return await readUpTo(reader, limit);
  } finally {
    signal.removeEventListener("abort", onAbort);
    signal.throwIfAborted();
  }
}

async function readUpTo(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  limit: number,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  while (length < limit) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    length += value.length;
  }
  await reader.cancel();
  return new Uint8Array(Buffer.concat(parts).subarray(0, limit));
}
