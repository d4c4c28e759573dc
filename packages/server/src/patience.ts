import type { Clock } from "@glowworm/protocol";

/**
 * What work gives, or null when it has given nothing after `ms`: it is left to itself then.
 * @param onLate told of what it throws then. @throws what it throws before.
 */
export async function waitAtMost<T>(
  { clock, ms }: { readonly clock: Clock; readonly ms: number },
  work: Promise<T>,
  onLate: (error: unknown) => void,
): Promise<T | null> {
  let isLate = false;
  const done = new AbortController();
  const patience = clock.sleep(ms, done.signal).then(() => {
    isLate = true;
    return null;
  });
  const watched = work.catch((error: unknown) => {
    if (!isLate) throw error;
    onLate(error);
    return null;
  });
  try {
    return await Promise.race([watched, patience]);
  } finally {
    done.abort();
  }
}
