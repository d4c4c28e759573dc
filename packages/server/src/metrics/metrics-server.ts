import type { Server as HttpServer } from "node:http";
import type { GateDeps } from "../gate.ts";
import { createHttpServer } from "../http-server.ts";
import type { Metrics, StoreGauges } from "./metrics.ts";

/** Path of the metrics, as scrapers expect it. */
const PATH = "/metrics";

/** Answers on a socket of its own, so that who may read metrics is a matter of the address they listen on. */
export function createMetricsServer(
  metrics: Metrics,
  store: () => Promise<StoreGauges>,
  gate: GateDeps,
): HttpServer {
  return createHttpServer(async (request) => {
    const isScrape = request.method === "GET" && new URL(request.url).pathname === PATH;
    if (!isScrape) return new Response(`use GET ${PATH}\n`, { status: 404 });
    const { text, mediaType } = await metrics.render(await store());
    return new Response(text, { headers: { "content-type": mediaType } });
  }, gate);
}
