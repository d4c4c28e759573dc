import type { Server as HttpServer } from "node:http";
import { aboutOf, type OperatorWords } from "../about.ts";
import { createApp } from "../app.ts";
import type { IdCap } from "../id-cap.ts";
import type { Log } from "../log.ts";
import { createMetricsServer } from "../metrics/metrics-server.ts";
import type { ServerOptions } from "../server-options.ts";
import type { ReportStore } from "../store/report-store.ts";
import type { UploadAdmission } from "../tokens/upload-admission.ts";
import { drain } from "./drain.ts";
import type { GateDeps } from "./gate-options.ts";
import { createHttpServer, networkOf } from "./http-server.ts";
import { listen } from "./listen.ts";
import type { ReportError } from "./problem.ts";

/** What listeners stand on. */
export interface ListenersDeps {
  readonly options: ServerOptions;
  readonly gate: GateDeps;
  readonly cap: IdCap;
  readonly log: Log;
  readonly reportError: ReportError;
  readonly isStopping: () => boolean;
}

const NO_WORDS: OperatorWords = { build: null, policy: null, contact: null };

/** Where a server is reached: its own address, and that of its metrics. */
export class Listeners {
  readonly #deps: ListenersDeps;
  readonly #open: HttpServer[] = [];

  constructor(deps: ListenersDeps) {
    this.#deps = deps;
  }

  /** Listens for everybody; returns the base URL. @throws {Failure} when it cannot. */
  async listen(store: ReportStore, admission: UploadAdmission | null): Promise<string> {
    const { options, log, reportError } = this.#deps;
    const http = this.#createHttp(store, admission);
    this.#open.push(http);
    const url = await listen(http, options, "--listen 127.0.0.1:8787", reportError);
    log({ level: "info", event: "listening", text: `listening on ${url}`, facts: { url } });
    return url;
  }

  /** Listens for whoever watches, if anybody does. @throws {Failure} when it cannot. */
  async listenForMetrics(store: ReportStore): Promise<void> {
    const { options, gate, log, reportError, isStopping } = this.#deps;
    const { metrics, dataFolder, clock } = options;
    if (metrics === undefined) return;
    const deps = { store, clock, isStopping, dataFolder, metrics: metrics.of };
    const http = createMetricsServer(deps, gate);
    this.#open.push(http);
    const url = await listen(http, metrics, "--metrics-listen 127.0.0.1:9187", reportError);
    const text = `metrics on ${url}/metrics`;
    log({ level: "info", event: "metrics-listening", text, facts: { url } });
  }

  /** Takes no new request, and answers those in flight. */
  async drain(): Promise<void> {
    await Promise.all(this.#open.map((http) => drain(http, this.#deps.options.clock)));
  }

  #createHttp(store: ReportStore, admission: UploadAdmission | null): HttpServer {
    const { options, gate, cap, isStopping, reportError } = this.#deps;
    const { clock, crypto, retentionDays, words = NO_WORDS, metrics } = options;
    const app = createApp({
      store,
      clock,
      crypto,
      cap,
      admission,
      about: aboutOf(words, {
        admission: options.admission ?? "public",
        retentionDays,
        limits: gate.limits,
      }),
      metrics: metrics?.of ?? null,
      networkOf,
      isStopping,
      reportError,
    });
    return createHttpServer(app.fetch, gate);
  }
}
