import type { Server as HttpServer, IncomingMessage } from "node:http";
import {
  type Admission,
  type Clock,
  PATHS,
  SEGMENT_SECONDS,
  type Stepper,
} from "@glowworm/protocol";
import { aboutOf, type OperatorWords } from "./about.ts";
import { createApp } from "./app.ts";
import { warnOfFullDisk } from "./disk-warning.ts";
import { drain } from "./drain.ts";
import { ErrorLog } from "./error-log.ts";
import { type GateDeps, type GateOptions, gateDeps } from "./gate-options.ts";
import { HourDiary } from "./hour-diary.ts";
import { createHttpServer, socketAddressOf } from "./http-server.ts";
import { IdCap } from "./id-cap.ts";
import { listen } from "./listen.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics/metrics.ts";
import { createMetricsServer } from "./metrics/metrics-server.ts";
import { openStore, type StoreOptions } from "./open-store.ts";
import { waitAtMost } from "./patience.ts";
import type { ReportError } from "./problem.ts";
import { clientAddressOf } from "./source-prefix.ts";
import { type ReportStore, StoreLostError, StoreUnavailableError } from "./store/report-store.ts";
import { IssuingThread } from "./tokens/issuing-thread.ts";
import { openTokenStore } from "./tokens/open-token-store.ts";
import { UploadAdmission } from "./tokens/upload-admission.ts";

/** How long a step waits for the store. */
const PATIENCE_MS = 1000;
/** How soon a store that failed is tried again. */
const RETRY_MS = 5000;
const NO_WORDS: OperatorWords = { build: null, policy: null, contact: null };

export interface ServerOptions extends GateOptions, Omit<StoreOptions, "onDamage" | "onCommit"> {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** What `/about` says for the operator; nothing when absent. */
  readonly words?: OperatorWords;
  /** Who may upload: `public`, everybody, when absent. */
  readonly admission?: Admission;
  /** Where `/metrics` listens, and what is counted; nothing is counted when absent. */
  readonly metrics?: { readonly host: string; readonly port: number; readonly of: Metrics };
  /** Silent when absent. */
  readonly log?: Log;
}

/** A server over one data folder. `step` closes segments and hours when they are over. */
export class Server implements Stepper {
  readonly #options: ServerOptions;
  readonly #gate: GateDeps;
  readonly #log: Log;
  readonly #errors: ErrorLog;
  readonly #reportError: ReportError = (kind, error) => this.#errors.report(kind, error);
  readonly #diary: HourDiary;
  readonly #cap: IdCap;
  #store: ReportStore | undefined;
  #admission: UploadAdmission | null = null;
  #http: HttpServer | undefined;
  #metricsHttp: HttpServer | undefined;
  #isStopping = false;

  /** @throws {Failure} `usage` for a trusted proxy that is none. */
  constructor(options: ServerOptions) {
    this.#options = options;
    this.#gate = gateDeps(options, (request) =>
      options.metrics?.of.refused(isReportUpload(request)),
    );
    this.#log = options.log ?? (() => {});
    this.#errors = new ErrorLog(options.clock, this.#log);
    this.#diary = new HourDiary(this.#log);
    this.#cap = new IdCap(this.#gate.limits.recordsPerId, options.crypto, options.random);
  }

  /** Opens the store and listens. @throws {Failure} when a person has to mend it. */
  async start(): Promise<{ readonly url: string }> {
    const { clock, metrics, cluster, dataFolder, minFreeBytes } = this.#options;
    const store = await openStore({
      ...this.#options,
      onDamage: (path) => this.#warnOfDamage(path),
      ...(metrics === undefined ? {} : { onCommit: (group) => metrics.of.committed(group) }),
    });
    this.#store = store;
    try {
      if (cluster === undefined) warnOfFullDisk(this.#log, dataFolder, minFreeBytes);
      await this.#diary.note(store);
      if (this.#options.admission === "invite") this.#admission = await this.#openAdmission();
      await this.#listenForMetrics(store);
      return { url: await this.#listen(store) };
    } catch (error) {
      await drainAll([this.#metricsHttp], clock);
      await this.#admission?.close();
      await store.close();
      throw error;
    }
  }

  /** Does what is due; returns the milliseconds until the next segment is over. */
  async step(): Promise<number> {
    const segmentMs = SEGMENT_SECONDS * 1000;
    const { clock } = this.#options;
    try {
      // A large hour is closed meanwhile: neither the next segment nor a stop waits for it.
      await waitAtMost({ clock, ms: PATIENCE_MS }, this.#maintain(), (error) => {
        if (!this.#isStopping) this.#errors.report("closing what is over failed", error);
      });
    } catch (error) {
      const mayRecover =
        error instanceof StoreUnavailableError && !(error instanceof StoreLostError);
      if (!mayRecover) throw error;
      this.#errors.report("closing what is over failed", error);
      return RETRY_MS;
    }
    return segmentMs - (clock.nowMs() % segmentMs);
  }

  async #maintain(): Promise<void> {
    const store = this.#store;
    if (store === undefined) return;
    await store.maintain();
    await this.#admission?.forgetOld();
    await this.#diary.note(store);
  }

  /** Takes no new request, answers those in flight, writes what was accepted, and lets go of the folder. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#log({ level: "info", event: "stopping", text: "stopping: answering what is in flight" });
    await drainAll([this.#http, this.#metricsHttp], this.#options.clock);
    await this.#admission?.close();
    await this.#store?.close();
    this.#log({ level: "info", event: "stopped", text: "stopped" });
  }

  async #listen(store: ReportStore): Promise<string> {
    this.#http = this.#createHttp(store);
    const report = this.#reportError;
    const url = await listen(this.#http, this.#options, "--listen 127.0.0.1:8787", report);
    this.#log({ level: "info", event: "listening", text: `listening on ${url}`, facts: { url } });
    return url;
  }

  async #listenForMetrics(store: ReportStore): Promise<void> {
    const { metrics, dataFolder, clock } = this.#options;
    if (metrics === undefined) return;
    const isStopping = (): boolean => this.#isStopping;
    const deps = { store, clock, isStopping, dataFolder, metrics: metrics.of };
    this.#metricsHttp = createMetricsServer(deps, this.#gate);
    const setting = "--metrics-listen 127.0.0.1:9187";
    const url = await listen(this.#metricsHttp, metrics, setting, this.#reportError);
    const text = `metrics on ${url}/metrics`;
    this.#log({ level: "info", event: "metrics-listening", text, facts: { url } });
  }

  async #openAdmission(): Promise<UploadAdmission> {
    const { clock, random, crypto } = this.#options;
    const onSecret = (path: string): void => this.#noteSecret(path);
    const { store, secret: tokenSecret } = await openTokenStore(this.#options, random, onSecret);
    const issuer = new IssuingThread();
    return new UploadAdmission({ tokenSecret, store, issuer, cap: this.#cap, clock, crypto });
  }

  #createHttp(store: ReportStore): HttpServer {
    const { clock, crypto, retentionDays, words, metrics, admission } = this.#options;
    const app = createApp({
      store,
      clock,
      crypto,
      cap: this.#cap,
      admission: this.#admission,
      about: aboutOf(words ?? NO_WORDS, {
        admission: admission ?? "public",
        retentionDays,
        limits: this.#gate.limits,
      }),
      metrics: metrics?.of ?? null,
      addressOf: (c) =>
        clientAddressOf(this.#gate.proxies, socketAddressOf(c), c.req.header("x-forwarded-for")),
      isStopping: () => this.#isStopping,
      reportError: this.#reportError,
    });
    return createHttpServer(app.fetch, this.#gate);
  }

  #noteSecret(path: string): void {
    this.#log({ level: "info", event: "token-secret-made", text: `made ${path}`, facts: { path } });
  }

  #warnOfDamage(path: string): void {
    this.#options.metrics?.of.damaged();
    const text = `damaged, set aside as ${path}`;
    this.#log({ level: "warn", event: "damaged-file", text, facts: { path } });
  }
}

/** Whether a request brings reports, by the one name of the path. */
function isReportUpload({ method, url }: IncomingMessage): boolean {
  return method === "POST" && url === PATHS.sightings;
}

async function drainAll(all: readonly (HttpServer | undefined)[], clock: Clock): Promise<void> {
  const servers = all.filter((http) => http !== undefined);
  await Promise.all(servers.map((http) => drain(http, clock)));
}
