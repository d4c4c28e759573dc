import type { ProblemCode } from "@glowworm/protocol";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { CommitGroup } from "../store/report-store.ts";
import { ReadSteps } from "./read-steps.ts";

const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const COMMIT_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];
const COMMIT_RECORDS = [1, 4, 16, 64, 256, 1024, 4096, 8192];

/** What became of an upload: answered 201, refused with a code, or without an answer because the client was gone. */
export type UploadResult = "stored" | ProblemCode | "cut-off";

/** A request that has its answer. */
export interface Answered {
  /** Template of the route, such as `/v1/open/:segment`; `other` for paths that are none of ours. */
  readonly route: string;
  /** Whether it is what owners fetch. */
  readonly isLookup: boolean;
  /** HTTP status. */
  readonly status: number;
  readonly seconds: number;
}

/** The state of the store when somebody asks. Null is unknown, and shows as NaN. */
export interface StoreGauges {
  readonly isWritable: boolean;
  readonly isReady: boolean;
  readonly hours: number | null;
  readonly bytes: number | null;
  readonly freeBytes: number | null;
  readonly damagedHours: number | null;
}

/**
 * What a server counts about itself, in the text format of Prometheus. Labels are route templates, status classes and
 * problem codes: fixed words, never a part of a request. An address, id, hour or user agent as a label would be a log.
 */
export class Metrics {
  readonly #registry: Registry = new Registry();
  readonly #accepted: Counter = new Counter({
    name: "glowworm_reports_accepted_total",
    help: "Reports that were answered with 201",
    registers: [this.#registry],
  });
  readonly #uploads: Counter<"code"> = new Counter({
    name: "glowworm_uploads_total",
    help: "Uploads by result: stored, the code of the refusal, or cut-off",
    labelNames: ["code"],
    registers: [this.#registry],
  });
  readonly #requests: Histogram<"route" | "status"> = new Histogram({
    name: "glowworm_http_request_seconds",
    help: "Seconds from a request's headers to its answer; lookups appear 64 at a time",
    labelNames: ["route", "status"],
    buckets: REQUEST_SECONDS,
    registers: [this.#registry],
  });
  readonly #commitRecords: Histogram = new Histogram({
    name: "glowworm_commit_records",
    help: "Reports made durable by one group commit",
    buckets: COMMIT_RECORDS,
    registers: [this.#registry],
  });
  readonly #commitSeconds: Histogram = new Histogram({
    name: "glowworm_commit_seconds",
    help: "Seconds that one group commit took",
    buckets: COMMIT_SECONDS,
    registers: [this.#registry],
  });
  readonly #damagedFiles: Counter = new Counter({
    name: "glowworm_damaged_files_total",
    help: "Files found damaged and set aside since the start",
    registers: [this.#registry],
  });
  readonly #damagedHours: Gauge = this.#gauge(
    "glowworm_damaged_hours",
    "Hours of which files lie in damaged/",
  );
  readonly #waiting: Gauge = this.#gauge("glowworm_queue_records", "Reports waiting for the store");
  readonly #writable: Gauge = this.#gauge(
    "glowworm_store_writable",
    "1 if the newest write succeeded",
  );
  readonly #ready: Gauge = this.#gauge("glowworm_ready", "1 if /readyz says so");
  readonly #hours: Gauge = this.#gauge("glowworm_store_hours", "Closed hours that are retained");
  readonly #bytes: Gauge = this.#gauge("glowworm_store_bytes", "Bytes of the data folder");
  readonly #free: Gauge = this.#gauge("glowworm_disk_free_bytes", "Bytes left on its disk");
  readonly #lookups: ReadSteps<Answered> = new ReadSteps((answered) => this.#observe(answered));

  /** Adds what Node knows of this process: memory, CPU, event loop lag. Once in a process. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  answered(answered: Answered): void {
    if (!answered.isLookup) this.#observe(answered);
    else this.#lookups.add(`${answered.route} ${classOf(answered.status)}`, answered);
  }

  uploaded(result: UploadResult): void {
    this.#uploads.inc({ code: result });
  }

  /** A request that was refused at the gate, for what its network sends. */
  refused(isUpload: boolean): void {
    if (isUpload) this.uploaded("rate-limited");
    this.answered({ route: "other", isLookup: !isUpload, status: 429, seconds: 0 });
  }

  accepted(records: number): void {
    this.#accepted.inc(records);
  }

  /** Records that begin to wait for the store, or with a minus cease to. */
  waiting(records: number): void {
    this.#waiting.inc(records);
  }

  /** A file was found damaged and set aside. */
  damaged(): void {
    this.#damagedFiles.inc();
  }

  committed({ records, seconds }: CommitGroup): void {
    this.#commitRecords.observe(records);
    this.#commitSeconds.observe(seconds);
  }

  /** Everything, with its media type. */
  async render(store: StoreGauges): Promise<{ readonly text: string; readonly mediaType: string }> {
    this.#writable.set(Number(store.isWritable));
    this.#ready.set(Number(store.isReady));
    this.#hours.set(store.hours ?? Number.NaN);
    this.#bytes.set(store.bytes ?? Number.NaN);
    this.#free.set(store.freeBytes ?? Number.NaN);
    this.#damagedHours.set(store.damagedHours ?? Number.NaN);
    return { text: await this.#registry.metrics(), mediaType: this.#registry.contentType };
  }

  #observe({ route, status, seconds }: Answered): void {
    this.#requests.observe({ route, status: classOf(status) }, seconds);
  }

  #gauge(name: string, help: string): Gauge {
    return new Gauge({ name, help, registers: [this.#registry] });
  }
}

function classOf(status: number): string {
  return `${Math.floor(status / 100)}xx`;
}
