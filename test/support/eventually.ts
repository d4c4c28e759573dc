import { setTimeout as delay } from "node:timers/promises";

const PAUSE_MS = 100;

/** Asks until the answer is not null. @throws when that takes longer than `patienceMs`. */
export async function eventually<T>(
  what: string,
  patienceMs: number,
  ask: () => T | null | Promise<T | null>,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await delay(PAUSE_MS);
  }
}
