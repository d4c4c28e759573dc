import { type HoursList, PATHS, RECORDS_MEDIA_TYPE } from "@glowworm/protocol";
import type { Context, Hono, MiddlewareHandler } from "hono";
import { cutOff } from "../http/http-server.ts";
import { pathNumber } from "../http/path-number.ts";
import { ProblemError, type ReportError } from "../http/problem.ts";
import { inParts, streamOf } from "../store/byte-parts.ts";
import type { ByteParts, PublishedHours } from "../store/report-store.ts";

const FOR_EVER = "public, max-age=31536000, immutable";
/** Segments never change, but they go when their hour closes. */
const FOR_TWO_MINUTES = "public, max-age=120, immutable";

/** Paths under which everybody gets the same bytes, with their parameters. */
export const PUBLISHED_PATHS: readonly string[] = [
  PATHS.hours,
  "/v1/hours/:hour/manifest",
  "/v1/hours/:hour/pages/:page",
  "/v1/hours/:hour/filter",
  "/v1/open/:segment",
];

/** `GET /v1/hours` and what it lists. @see docs/protocol.md sections 8.2 and 8.3 */
export function publishedRoutes(app: Hono, hours: PublishedHours, report: ReportError): void {
  for (const path of PUBLISHED_PATHS) app.use(path, refuseQuery);
  app.get(PATHS.hours, async (c) => {
    const list: HoursList = { v: 1, ...(await hours.published()) };
    return c.json(list, 200, { "cache-control": "no-store" });
  });
  app.get("/v1/hours/:hour/manifest", async (c) => {
    return whole(c, await hours.manifest(pathNumber(c, "hour")), report);
  });
  app.get("/v1/hours/:hour/pages/:page", async (c) => {
    const hour = pathNumber(c, "hour");
    return whole(c, await hours.page(hour, pathNumber(c, "page")), report);
  });
  app.get("/v1/hours/:hour/filter", async (c) => {
    return whole(c, await hours.filter(pathNumber(c, "hour")), report);
  });
  app.get("/v1/open/:segment", async (c) => {
    const segment = await hours.segment(pathNumber(c, "segment"));
    if (segment === "open") throw new ProblemError("segment-open", "not over yet: ask again later");
    if (segment === "gone") throw new ProblemError("segment-gone", "read the closed hour instead");
    return records(c, segment, FOR_TWO_MINUTES, report);
  });
}

/** A query would be a second name for the same bytes in every cache, and a place for a mark of whoever asks. */
const refuseQuery: MiddlewareHandler = async (c, next) => {
  if (c.req.url.includes("?"))
    throw new ProblemError("bad-path", "expected no ? and nothing after it");
  await next();
};

function whole(c: Context, bytes: Uint8Array | null, report: ReportError): Response {
  if (bytes === null)
    throw new ProblemError("not-found", "this server has no such hour, page or filter");
  return records(c, inParts(bytes), FOR_EVER, report);
}

function records(c: Context, bytes: ByteParts, caching: string, report: ReportError): Response {
  const fail = (error: unknown): Promise<never> => {
    report("an answer was cut off", error);
    // Nobody reads on from a connection that has ended.
    return cutOff(c) ? new Promise(() => {}) : Promise.reject(error);
  };
  return c.body(streamOf(bytes, fail), 200, {
    "content-type": RECORDS_MEDIA_TYPE,
    "content-length": String(bytes.length),
    "cache-control": caching,
  });
}
