import { PATHS } from "@glowworm/protocol";
import { Hono } from "hono";
import { commonHeaders } from "../http/common-headers.ts";
import {
  onError,
  ProblemError,
  problemResponse,
  type ReportError,
  refuseMethod,
} from "../http/problem.ts";
import { healthRoutes } from "../routes/health.ts";
import { PUBLISHED_PATHS, publishedRoutes } from "../routes/published.ts";
import type { PublishedHours } from "../store/report-store.ts";

/** What the routes of a mirror stand on. */
export interface MirrorAppDeps {
  readonly hours: PublishedHours;
  /** Why the copies may be behind, or null. */
  readonly whyNotReady: () => string | null;
  readonly isStopping: () => boolean;
  readonly reportError: ReportError;
}

/** The published paths of a server, with its bytes and headers; nothing can be uploaded. @see docs/protocol.md section 8.7 */
export function createMirrorApp({
  hours,
  whyNotReady,
  isStopping,
  reportError,
}: MirrorAppDeps): Hono {
  const app = new Hono();
  app.onError(onError(reportError));
  app.notFound(() => problemResponse(new ProblemError("not-found", "a mirror has no such path")));
  app.use(commonHeaders(isStopping));
  publishedRoutes(app, hours, reportError);
  healthRoutes(app, whyNotReady);
  for (const path of [...PUBLISHED_PATHS, PATHS.health, PATHS.ready]) {
    app.all(path, () => refuseMethod("GET, HEAD"));
  }
  return app;
}
