import { setImmediate as letSignalsIn } from "node:timers/promises";

/**
 * Does `work` for every item, at most `limit` at a time. Items are begun in their order.
 * After each of them whoever waits gets a turn, an interruption first of all: items that are on this disk need no wait.
 * Settles when all that was begun has ended.
 */
export async function forEachOf<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      await work(item);
      await letSignalsIn();
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: limit }, worker));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}
