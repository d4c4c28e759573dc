import type { Server as HttpServer } from "node:http";
import { errorCode, type Fetch, messageOf, TransferError } from "@glowworm/platform";
import { DecodeError, HOUR_SECONDS, randomFraction, type Stepper } from "@glowworm/protocol";
import { ErrorLog } from "../error-log.ts";
import { drain } from "../http/drain.ts";
import { type GateOptions, gateDeps } from "../http/gate-options.ts";
import { createHttpServer } from "../http/http-server.ts";
import { listen } from "../http/listen.ts";
import type { ReportError } from "../http/problem.ts";
import type { Log } from "../log.ts";
import { DiskRoom, MIN_FREE_BYTES_DEFAULT } from "../store/embedded/disk-room.ts";
import { createMirrorApp } from "./mirror-app.ts";
import { MirrorDiary } from "./mirror-diary.ts";
import { MirrorStore } from "./mirror-store.ts";
import { POLL_MS } from "./reach-back.ts";
import { Source } from "./source.ts";

const RETRY_MS_MIN = 30_000;
const RETRY_MS_MAX = 3_600_000;
/** An hour closes two minutes after its end and is copied soon: this long after the end of the newest one, one is missing. */
const LAG_SECONDS_MAX = 2 * HOUR_SECONDS + 600;

/** What a mirror is made with. */
export interface MirrorOptions extends GateOptions {
  readonly fetch: Fetch;
  /** Base URL of the server to copy, without a slash at its end. */
  readonly source: string;
  readonly dataFolder: string;
  /** What the disk of a folder has left for this user, in bytes. */
  readonly freeBytes: (folder: string) => number;
  /** Bytes that stay free on it: 256 MiB when absent. */
  readonly minFreeBytes?: number;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Ends what is being fetched. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** Copies the closed hours of a server, checks every byte, and serves them. `step` copies one hour. */
export class Mirror implements Stepper {
  readonly #options: MirrorOptions;
  readonly #diary: MirrorDiary;
  #store: MirrorStore | undefined;
  #source: Source | undefined;
  #http: HttpServer | undefined;
  #failures = 0;
  #hasRead = false;
  #isStopping = false;

  constructor(options: MirrorOptions) {
    this.#options = options;
    this.#diary = new MirrorDiary(options.clock, options.log);
  }

  /** Opens the folder and listens. @throws {Failure} when a person has to mend it. */
  async start(): Promise<{ readonly url: string }> {
    const { crypto, clock, log, dataFolder: folder, source, freeBytes } = this.#options;
    const { minFreeBytes = MIN_FREE_BYTES_DEFAULT } = this.#options;
    const gate = gateDeps(this.#options);
    const store = new MirrorStore({
      ...{ crypto, clock, folder, source },
      onDamage: (path) => this.#warn(path),
    });
    this.#store = store;
    const room = new DiskRoom(() => freeBytes(folder), minFreeBytes);
    this.#source = new Source({ ...this.#options, store, room, diary: this.#diary });
    const errors = new ErrorLog(clock, log);
    const reportError: ReportError = (kind, error) => errors.report(kind, error);
    const app = createMirrorApp({
      hours: store,
      whyNotReady: () => this.#whyNotReady(),
      isStopping: () => this.#isStopping,
      reportError,
    });
    this.#http = createHttpServer(app.fetch, gate);
    try {
      const url = await listen(this.#http, this.#options, "--listen 127.0.0.1:8788", reportError);
      this.#diary.note("listening", `listening on ${url}`, { url });
      return { url };
    } catch (error) {
      store.close();
      throw error;
    }
  }

  /** Copies what is next; returns the milliseconds until it is worth looking again. */
  async step(): Promise<number> {
    const { random, signal, source } = this.#options;
    this.#scrub();
    try {
      await this.#source?.step();
      this.#failures = 0;
      this.#hasRead = true;
      if (this.#source?.isBehind === true) return 0;
      return POLL_MS * (1 + randomFraction(random) / 5);
    } catch (error) {
      if (signal.aborted) return 0;
      if (!isForLater(error)) throw error;
      this.#diary.complain("source-failed", `${source}: ${messageOf(error)}: trying again later`);
      const waitMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** this.#failures);
      this.#failures += 1;
      return waitMs * (1 + randomFraction(random) / 5);
    }
  }

  /** What is damaged is copied again; a disk that does not even let it be set aside ends nothing. */
  #scrub(): void {
    try {
      this.#store?.scrub(this.#options.clock.nowMs() / 1000);
    } catch (error) {
      if (!isForLater(error)) throw error;
      const text = `a damaged hour cannot be set aside: ${errorCode(error)}`;
      this.#diary.complain("damaged-file", text);
    }
  }

  /** Answers what is in flight and lets go of the folder. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#http !== undefined) await drain(this.#http, this.#options.clock);
    this.#store?.close();
  }

  #whyNotReady(): string | null {
    if (this.#isStopping) return "the mirror is stopping";
    const listed = this.#source?.newestListed ?? null;
    const here = this.#store?.hours.at(-1)?.hour ?? null;
    if (!this.#hasRead) return "the server's list has not been read yet";
    // A server without a closed hour is new, and there is nothing to be had of it.
    if (listed === null && here === null && this.#failures === 0) return null;
    const endsAt = ((here ?? 0) + 1) * HOUR_SECONDS;
    if (this.#options.clock.nowMs() / 1000 - endsAt <= LAG_SECONDS_MAX) return null;
    const missing = "no hour is here that ended within 2 hours and 10 minutes";
    if (this.#failures > 0) return `${missing}: the server cannot be read`;
    const isCopied = (here ?? 0) >= (listed ?? 0);
    return `${missing}: ${isCopied ? "the server lists none" : "the newest could not be copied"}`;
  }

  #warn(path: string): void {
    const text = `damaged, set aside as ${path}`;
    this.#options.log({ level: "warn", event: "damaged-file", text, facts: { path } });
  }
}

/** What the source or the disk may recover from. */
function isForLater(error: unknown): boolean {
  return (
    error instanceof TransferError || error instanceof DecodeError || errorCode(error) !== "unknown"
  );
}
