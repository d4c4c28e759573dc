import type { IncomingMessage } from "node:http";
import { PATHS, type Stepper } from "@glowworm/protocol";
import { warnOfFullDisk } from "./disk-warning.ts";
import { ErrorLog } from "./error-log.ts";
import { HourDiary } from "./hour-diary.ts";
import { gateDeps } from "./http/gate-options.ts";
import { Listeners } from "./http/listeners.ts";
import { IdCap } from "./id-cap.ts";
import type { Log } from "./log.ts";
import { Maintenance } from "./maintenance.ts";
import { openStore } from "./open-store.ts";
import type { ServerOptions } from "./server-options.ts";
import type { ReportStore } from "./store/report-store.ts";
import { IssuingThread } from "./tokens/issuing-thread.ts";
import { openTokenStore } from "./tokens/open-token-store.ts";
import { UploadAdmission } from "./tokens/upload-admission.ts";

/** A server over one data folder. `step` closes segments and hours when they are over. */
export class Server implements Stepper {
  readonly #options: ServerOptions;
  readonly #log: Log;
  readonly #errors: ErrorLog;
  readonly #diary: HourDiary;
  readonly #cap: IdCap;
  readonly #listeners: Listeners;
  #store: ReportStore | undefined;
  #admission: UploadAdmission | null = null;
  #maintenance: Maintenance | undefined;
  #isStopping = false;

  /** @throws {Failure} `usage` for a trusted proxy that is none. */
  constructor(options: ServerOptions) {
    const { clock, crypto, random, metrics, log = () => {} } = options;
    const gate = gateDeps(options, (request) => metrics?.of.refused(isReportUpload(request)));
    this.#options = options;
    this.#log = log;
    this.#errors = new ErrorLog(clock, log);
    this.#diary = new HourDiary(log);
    this.#cap = new IdCap(gate.limits.recordsPerId, crypto, random);
    this.#listeners = new Listeners({
      options,
      gate,
      cap: this.#cap,
      log,
      reportError: (kind, error) => this.#errors.report(kind, error),
      isStopping: () => this.#isStopping,
    });
  }

  /** Opens the store and listens. @throws {Failure} when a person has to mend it. */
  async start(): Promise<{ readonly url: string }> {
    const { metrics, cluster, dataFolder, minFreeBytes } = this.#options;
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
      this.#maintenance = this.#maintenanceOf(store);
      await this.#listeners.listenForMetrics(store);
      return { url: await this.#listeners.listen(store, this.#admission) };
    } catch (error) {
      await this.#listeners.drain();
      await this.#admission?.close();
      await store.close();
      throw error;
    }
  }

  /** Does what is due; returns the milliseconds until the next segment is over. Call it after `start`. */
  async step(): Promise<number> {
    if (this.#maintenance === undefined) throw new Error("the server was not started");
    return await this.#maintenance.step();
  }

  /** Takes no new request, answers those in flight, writes what was accepted, and lets go of the folder. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#log({ level: "info", event: "stopping", text: "stopping: answering what is in flight" });
    await this.#listeners.drain();
    await this.#admission?.close();
    await this.#store?.close();
    this.#log({ level: "info", event: "stopped", text: "stopped" });
  }

  #maintenanceOf(store: ReportStore): Maintenance {
    return new Maintenance({
      store,
      admission: this.#admission,
      diary: this.#diary,
      errors: this.#errors,
      clock: this.#options.clock,
      isStopping: () => this.#isStopping,
    });
  }

  async #openAdmission(): Promise<UploadAdmission> {
    const { clock, random, crypto } = this.#options;
    const onSecret = (path: string): void => this.#noteSecret(path);
    const { store, secret: tokenSecret } = await openTokenStore(this.#options, random, onSecret);
    const issuer = new IssuingThread();
    return new UploadAdmission({ tokenSecret, store, issuer, cap: this.#cap, clock, crypto });
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
