import type { Server as HttpServer } from "node:http";
import type { Clock } from "@glowworm/protocol";

/** What is in flight at a stop has this long; with the last commits it ends before a service manager's ten seconds. */
const DRAIN_MS = 8000;

/** Takes no new request, and resolves once those in flight are answered or their time is over. */
export async function drain(http: HttpServer, clock: Clock): Promise<void> {
  if (!http.listening) return;
  const done = new AbortController();
  const closed = new Promise<void>((resolve) => {
    http.close(() => {
      done.abort();
      resolve();
    });
  });
  http.closeIdleConnections();
  await clock.sleep(DRAIN_MS, done.signal);
  http.closeAllConnections();
  await closed;
}
