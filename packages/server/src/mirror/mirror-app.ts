import { PATHS } from "@glowworm/protocol";
import { Hono } from "hono";
import {
  onError,
  ProblemError,
  problemResponse,
  type ReportError,
  refuseMethod,
  retryLater,
} from "../problem.ts";
import { PUBLISHED_PATHS, publishedRoutes } from "../routes/published.ts";
import type { PublishedHours } from "../store/report-store.ts";

/** Seconds after which a mirror that is not ready is worth another look. */
const RETRY_SECONDS = 30;
const NOT_KEPT = { "cache-control": "no-store" } as const;

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
  app.use(async (c, next) => {
    await next();
    c.header("x-content-type-options", "nosniff");
    c.header("access-control-allow-origin", "*");
    if (isStopping()) c.header("connection", "close");
  });
  publishedRoutes(app, hours);
  app.get(PATHS.health, (c) => c.json({ v: 1, status: "alive" }, 200, NOT_KEPT));
  app.get(PATHS.ready, (c) => {
    const reason = whyNotReady();
    if (reason !== null) throw retryLater("store-unavailable", reason, RETRY_SECONDS);
    return c.json({ v: 1, status: "ready" }, 200, NOT_KEPT);
  });
  for (const path of [...PUBLISHED_PATHS, PATHS.health, PATHS.ready]) {
    app.all(path, () => refuseMethod("GET, HEAD"));
  }
  return app;
}
