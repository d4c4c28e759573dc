import { PATHS } from "@glowworm/protocol";
import type { Hono } from "hono";
import { retryLater } from "../http/problem.ts";

/** Seconds after which what is not ready is worth another look. */
const RETRY_SECONDS = 30;
/** For answers that are true at this moment. */
export const NOT_KEPT = { "cache-control": "no-store" } as const;

/** `GET /healthz` and `/readyz`, of a server or a mirror. @see docs/protocol.md section 8.4 */
export function healthRoutes(app: Hono, whyNotReady: () => string | null): void {
  app.get(PATHS.health, (c) => c.json({ v: 1, status: "alive" }, 200, NOT_KEPT));
  app.get(PATHS.ready, (c) => {
    const reason = whyNotReady();
    if (reason !== null) throw retryLater("store-unavailable", reason, RETRY_SECONDS);
    return c.json({ v: 1, status: "ready" }, 200, NOT_KEPT);
  });
}
