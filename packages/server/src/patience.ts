import type { Clock } from "@glowworm/protocol";

/**
 * Waits for work, and after `ms` leaves it to itself.
 * @param onLate told of what it throws then. @throws what it throws before.
 */
export async function waitAtMost(
  { clock, ms }: { readonly clock: Clock; readonly ms: number },
  work: Promise<void>,
  onLate: (error: unknown) => void,
): Promise<void> {
  let isLate = false;
  const done = new AbortController();
  const patience = clock.sleep(ms, done.signal).then(() => {
    isLate = true;
  });
  const watched = work.catch((error: unknown) => {
    if (!isLate) throw error;
    onLate(error);
  });
  try {
    await Promise.race([watched, patience]);
  } finally {
    done.abort();
  }
}
