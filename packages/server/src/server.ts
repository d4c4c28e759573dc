import { readFileSync } from "node:fs";
import type { Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Failure } from "@glowworm/platform";
import {
  type Clock,
  type CryptoSuite,
  type RandomSource,
  SEGMENT_SECONDS,
  type Stepper,
} from "@glowworm/protocol";
import { createApp } from "./app.ts";
import { ErrorLog } from "./error-log.ts";
import { createHttpServer, HTTP_LIMITS, socketAddressOf } from "./http-server.ts";
import { IdCap } from "./id-cap.ts";
import { clientAddressOf } from "./source-prefix.ts";
import type { ClusterOptions } from "./store/cassandra/open.ts";
import { openEmbeddedStore } from "./store/embedded/embedded-store.ts";
import { type ReportStore, StoreLostError, StoreUnavailableError } from "./store/report-store.ts";

/** Requests in flight at a stop have as long as any request may take. */
const STOP_MS = HTTP_LIMITS.requestTimeout;
/** How long a step waits for the store. */
const PATIENCE_MS = 1000;
/** How soon a store that failed is tried again. */
const RETRY_MS = 5000;

export interface ServerOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly crypto: CryptoSuite;
  readonly dataFolder: string;
  /** Keeps reports in a Cassandra cluster, which other servers may share, and not in the data folder. */
  readonly cluster?: ClusterOptions;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly retentionDays: number;
  /** Bytes of the disk that stay free: below, uploads are answered 503. Default 256 MiB. */
  readonly minFreeBytes?: number;
  /** Told what an operator should know: never an address, an id or a body. Silent when absent. */
  readonly say?: (line: string) => void;
}

/** A server over one data folder. `step` closes segments and hours when they are over. */
export class Server implements Stepper {
  readonly #options: ServerOptions;
  readonly #say: (line: string) => void;
  readonly #log: ErrorLog;
  #store: ReportStore | undefined;
  #http: HttpServer | undefined;
  #isStopping = false;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#say = options.say ?? (() => {});
    this.#log = new ErrorLog(options.clock, this.#say);
  }

  /** Opens the store and listens. @throws {Failure} when a person has to mend it. */
  async start(): Promise<{ readonly url: string }> {
    const { cluster, dataFolder, host, port } = this.#options;
    const store = await (cluster === undefined ? this.#openEmbedded() : this.#openCluster(cluster));
    this.#store = store;
    try {
      await store.maintain();
      this.#http = this.#createHttp(store);
      await listen(this.#http, host, port);
    } catch (error) {
      await store.close();
      throw explained(error, cluster, dataFolder);
    }
    return { url: urlOf(this.#http) };
  }

  /** Does what is due; returns the milliseconds until the next segment is over. */
  async step(): Promise<number> {
    const segmentMs = SEGMENT_SECONDS * 1000;
    try {
      await this.#maintain();
    } catch (error) {
      const mayRecover =
        error instanceof StoreUnavailableError && !(error instanceof StoreLostError);
      if (!mayRecover) throw error;
      this.#log.report("closing what is over failed", error);
      return RETRY_MS;
    }
    return segmentMs - (this.#options.clock.nowMs() % segmentMs);
  }

  /** Waits a moment for what is due, and leaves a large hour to be closed meanwhile: the next segment does not wait. */
  async #maintain(): Promise<void> {
    let isLate = false;
    const work = this.#store?.maintain().catch((error: unknown) => {
      if (!isLate) throw error;
      if (!this.#isStopping) this.#log.report("closing what is over failed", error);
    });
    const done = new AbortController();
    const patience = this.#options.clock.sleep(PATIENCE_MS, done.signal).then(() => {
      isLate = true;
    });
    try {
      await Promise.race([work, patience]);
    } finally {
      done.abort();
    }
  }

  /** Takes no new request, answers those in flight, writes what was accepted, and lets go of the folder. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#http !== undefined) await this.#drain(this.#http);
    await this.#store?.close();
  }

  async #openEmbedded(): Promise<ReportStore> {
    return await openEmbeddedStore({
      ...this.#options,
      folder: this.#options.dataFolder,
      onDamage: (path) => this.#say(`server: damaged, set aside as ${path}`),
    });
  }

  /** The driver is loaded by those who need it. */
  async #openCluster(cluster: ClusterOptions): Promise<ReportStore> {
    const { openCassandraStore } = await import("./store/cassandra/cassandra-store.ts");
    return await openCassandraStore({ ...this.#options, ...cluster });
  }

  async #drain(http: HttpServer): Promise<void> {
    const done = new AbortController();
    const closed = new Promise<void>((resolve) => {
      http.close(() => {
        done.abort();
        resolve();
      });
    });
    http.closeIdleConnections();
    await this.#options.clock.sleep(STOP_MS, done.signal);
    http.closeAllConnections();
    await closed;
  }

  #createHttp(store: ReportStore): HttpServer {
    const { clock, random, crypto, retentionDays } = this.#options;
    const app = createApp({
      store,
      clock,
      crypto,
      cap: new IdCap(crypto, random),
      retentionDays,
      software: software(),
      addressOf: (c) => clientAddressOf(socketAddressOf(c), c.req.header("x-forwarded-for")),
      isStopping: () => this.#isStopping,
      reportError: (kind, error) => this.#log.report(kind, error),
    });
    return createHttpServer(app.fetch);
  }
}

function explained(error: unknown, cluster: ClusterOptions | undefined, folder: string): unknown {
  if (!(error instanceof StoreUnavailableError)) return error;
  const [where, remedy] =
    cluster === undefined
      ? [folder, `see whether the disk is full or failing: df -h ${folder}`]
      : [`keyspace ${cluster.keyspace}`, "see whether the nodes are up: nodetool status"];
  const message = `${where}: cannot be written: ${error.message}`;
  return new Failure("failure", message, remedy, { cause: error });
}

async function listen(http: HttpServer, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    http.once("error", (error: Error & { readonly code?: string }) => {
      reject(
        new Failure(
          error.code === "EACCES" ? "noPermission" : "failure",
          `cannot listen on ${host} port ${port}: ${error.code ?? error.message}`,
          "choose another address or port: --listen 127.0.0.1:8787",
          { cause: error },
        ),
      );
    });
    http.listen(port, host, resolve);
  });
}

function urlOf(http: HttpServer): string {
  const { address, family, port } = http.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

function software(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(text) as { version: string };
  return `glowworm ${version}`;
}
