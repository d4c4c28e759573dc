import { PATHS, SEGMENT_SECONDS, secondsNow, segmentOf } from "@glowworm/protocol";
import type { Hono } from "hono";
import type { AppDeps } from "../deps.ts";
import { openApiDocument } from "../openapi/document.ts";
import { healthRoutes, NOT_KEPT } from "./health.ts";

/** `GET /about`, `/openapi.json`, `/healthz` and `/readyz`. @see docs/protocol.md section 8.4 */
export function statusRoutes(app: Hono, deps: AppDeps): void {
  app.get(PATHS.about, (c) => c.json(deps.about, 200, NOT_KEPT));
  let openApi: string | undefined;
  app.get(PATHS.openapi, (c) => {
    openApi ??= JSON.stringify(openApiDocument());
    return c.body(openApi, 200, { ...NOT_KEPT, "content-type": "application/json" });
  });
  healthRoutes(app, () => whyNotReady(deps));
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
  const isBehind = segmentOf(secondsNow(clock)) < arrivalFloor - 1;
  if (isBehind) return `the clock is over ${SEGMENT_SECONDS} s behind what was published: set it`;
  return null;
}
