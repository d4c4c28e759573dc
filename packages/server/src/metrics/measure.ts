import { PATHS, PROBLEMS } from "@glowworm/protocol";
import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { AppDeps } from "../deps.ts";
import { problemFrom } from "../http/problem.ts";
import type { Metrics } from "./metrics.ts";

const LAST = -1;
const LOOKUPS = "/v1/";

/** Measures every request by the template of its route, and every upload by its result. */
export function measureRequests(
  metrics: Metrics,
  { clock }: Pick<AppDeps, "clock">,
): MiddlewareHandler {
  return async (c, next) => {
    const beganMs = clock.monotonicMs();
    await next();
    // Whoever hangs up, or is cut off for being slow, has no answer: that is no error of ours.
    const isCutOff = c.error !== undefined && c.req.raw.signal.aborted;
    const template = routePath(c, LAST);
    // The handler of all paths is this very middleware: no route has taken the request.
    const route = template.endsWith("*") ? "other" : template;
    metrics.answered({
      route,
      isLookup: route.startsWith(LOOKUPS) && route !== PATHS.sightings,
      status: isCutOff ? PROBLEMS["request-timeout"] : c.res.status,
      seconds: (clock.monotonicMs() - beganMs) / 1000,
    });
    if (route !== PATHS.sightings || c.req.method !== "POST") return;
    if (c.error === undefined) metrics.uploaded("stored");
    else metrics.uploaded(isCutOff ? "cut-off" : problemFrom(c.error).code);
  };
}
