import type { Server as HttpServer } from "node:http";
import type { AppDeps } from "../deps.ts";
import type { GateDeps } from "../http/gate-options.ts";
import { createHttpServer } from "../http/http-server.ts";
import { waitAtMost } from "../patience.ts";
import { whyNotReady } from "../routes/status.ts";
import { StoreUnavailableError } from "../store/report-store.ts";
import { DiskWatch } from "./disk-use.ts";
import type { Metrics, StoreGauges } from "./metrics.ts";

/** Path of the metrics, as scrapers expect it. */
const PATH = "/metrics";
/** How long a scrape, which has ten seconds by default, waits for the store. */
const PATIENCE_MS = 1000;

/** What metrics are read from. */
export type MetricsDeps = Pick<AppDeps, "store" | "clock" | "isStopping"> & {
  readonly metrics: Metrics;
  readonly dataFolder: string;
};

/** Answers on a socket of its own, so that who may read metrics is a matter of the address they listen on. */
export function createMetricsServer(deps: MetricsDeps, gate: GateDeps): HttpServer {
  const disk = new DiskWatch(deps.dataFolder, deps.clock);
  return createHttpServer(async (request) => {
    const isScrape = request.method === "GET" && new URL(request.url).pathname === PATH;
    if (!isScrape) return new Response(`use GET ${PATH}\n`, { status: 404 });
    const { text, mediaType } = await deps.metrics.render(await gauges(deps, disk));
    return new Response(text, { headers: { "content-type": mediaType } });
  }, gate);
}

async function gauges(deps: MetricsDeps, disk: DiskWatch): Promise<StoreGauges> {
  const { isWritable } = deps.store.health();
  const isReady = whyNotReady(deps) === null;
  return { isWritable, isReady, hours: await hoursOf(deps), ...(await disk.use()) };
}

/** Null when the store cannot say, or not soon: that is when the other numbers are wanted most. */
async function hoursOf({ store, clock }: MetricsDeps): Promise<number | null> {
  try {
    const published = await waitAtMost({ clock, ms: PATIENCE_MS }, store.published(), () => {});
    return published?.hours.length ?? null;
  } catch (error) {
    if (error instanceof StoreUnavailableError) return null;
    throw error;
  }
}
