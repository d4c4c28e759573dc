import { PATHS } from "@glowworm/protocol";
import { Hono } from "hono";
import type { AppDeps } from "./deps.ts";
import { commonHeaders } from "./http/common-headers.ts";
import { onError, ProblemError, problemResponse, refuseMethod } from "./http/problem.ts";
import { measureRequests } from "./metrics/measure.ts";
import { PUBLISHED_PATHS, publishedRoutes } from "./routes/published.ts";
import { sightingsRoute } from "./routes/sightings.ts";
import { statusRoutes } from "./routes/status.ts";
import { tokenRoutes } from "./routes/tokens.ts";

const READ_ONLY_PATHS = [
  ...PUBLISHED_PATHS,
  PATHS.about,
  PATHS.openapi,
  PATHS.health,
  PATHS.ready,
] as const;

/** The HTTP interface of a server. @see docs/protocol.md section 8 */
export function createApp(deps: AppDeps): Hono {
  const app = new Hono();
  app.onError(onError(deps.reportError));
  app.notFound(() => problemResponse(new ProblemError("not-found", "there is no such path")));
  if (deps.metrics !== null) app.use(measureRequests(deps.metrics, deps));
  app.use(commonHeaders(deps.isStopping));
  sightingsRoute(app, deps);
  publishedRoutes(app, deps.store, deps.reportError);
  statusRoutes(app, deps);
  if (deps.admission !== null) tokenRoutes(app, deps.admission, deps);
  refuseOtherMethods(app, deps.admission === null);
  return app;
}

function refuseOtherMethods(app: Hono, isPublic: boolean): void {
  app.all(PATHS.sightings, () => refuseMethod("POST"));
  for (const path of READ_ONLY_PATHS) app.all(path, () => refuseMethod("GET, HEAD"));
  if (isPublic) return;
  app.all(PATHS.tokens, () => refuseMethod("POST"));
  app.all(PATHS.tokenKeys, () => refuseMethod("GET, HEAD"));
}
