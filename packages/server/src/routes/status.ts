import { PATHS, SEGMENT_SECONDS, segmentOf } from "@glowworm/protocol";
import type { Hono } from "hono";
import type { AppDeps } from "../deps.ts";
import { openApiDocument } from "../openapi/document.ts";
import { retryLater } from "../problem.ts";

const RETRY_SECONDS = 30;
const NOT_KEPT = { "cache-control": "no-store" } as const;

/** `GET /about`, `/openapi.json`, `/healthz` and `/readyz`. @see docs/protocol.md section 8.4 */
export function statusRoutes(app: Hono, deps: AppDeps): void {
  app.get(PATHS.about, (c) => c.json(deps.about, 200, NOT_KEPT));
  let openApi: string | undefined;
  app.get(PATHS.openapi, (c) => {
    openApi ??= JSON.stringify(openApiDocument());
    return c.body(openApi, 200, { ...NOT_KEPT, "content-type": "application/json" });
  });
  app.get(PATHS.health, (c) => c.json({ v: 1, status: "alive" }, 200, NOT_KEPT));
  app.get(PATHS.ready, (c) => {
    const reason = whyNotReady(deps);
    if (reason !== null) throw retryLater("store-unavailable", reason, RETRY_SECONDS);
    return c.json({ v: 1, status: "ready" }, 200, NOT_KEPT);
  });
}

/** Why uploads cannot be stored now, for a person, or null. */
export function whyNotReady({
  store,
  clock,
  isStopping,
}: Pick<AppDeps, "store" | "clock" | "isStopping">): string | null {
  const { isWritable, arrivalFloor } = store.health();
  if (isStopping()) return "the server is stopping";
  if (!isWritable) return "the store cannot be written: look at the disk";
  // One segment of grace: a time daemon may take back a few seconds.
  const isBehind = segmentOf(Math.floor(clock.nowMs() / 1000)) < arrivalFloor - 1;
  if (isBehind) return `the clock is over ${SEGMENT_SECONDS} s behind what was published: set it`;
  return null;
}
