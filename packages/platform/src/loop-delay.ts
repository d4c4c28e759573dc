import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Clock } from "@glowworm/protocol";

const RESOLUTION_MS = 10;
const WINDOW_MS = 1000;
const NS_PER_MS = 1_000_000;

/**
 * Watches how late this process gets to what is due. Returns the mean of the last full second or longer, in
 * milliseconds, the 10 ms between two looks included. Keeps no process alive.
 */
export function watchLoopDelay(clock: Clock): () => number {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  let sinceMs = clock.monotonicMs();
  let delayMs = 0;
  return () => {
    const nowMs = clock.monotonicMs();
    if (nowMs - sinceMs < WINDOW_MS) return delayMs;
    delayMs = histogram.count === 0 ? nowMs - sinceMs : histogram.mean / NS_PER_MS;
    histogram.reset();
    sinceMs = nowMs;
    return delayMs;
  };
}
