import type { Server as HttpServer } from "node:http";
import { errorCode, type Fetch, TransferError } from "@glowworm/platform";
import { DecodeError, randomFraction, type Stepper } from "@glowworm/protocol";
import { drain } from "../drain.ts";
import { type GateOptions, gateDeps } from "../gate.ts";
import { createHttpServer } from "../http-server.ts";
import { listen } from "../listen.ts";
import type { ReportError } from "../problem.ts";
import { createMirrorApp } from "./mirror-app.ts";
import { MirrorStore } from "./mirror-store.ts";
import { Source } from "./source.ts";

/** Hours close once an hour: a copy is there within five minutes, for twelve small requests. */
const POLL_MS = 300_000;
const RETRY_MS_MIN = 30_000;
const RETRY_MS_MAX = 3_600_000;
/** The same complaint is not said again for so long. */
const QUIET_MS = 3_600_000;

/** What a mirror is made with. */
export interface MirrorOptions extends GateOptions {
  readonly fetch: Fetch;
  /** Base URL of the server to copy, without a slash at its end. */
  readonly source: string;
  readonly dataFolder: string;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Ends what is being fetched. */
  readonly signal: AbortSignal;
  /** Told what an operator should know. */
  readonly say: (line: string) => void;
}

/** Copies the closed hours of a server, checks every byte, and serves them. `step` copies one hour. */
export class Mirror implements Stepper {
  readonly #options: MirrorOptions;
  readonly #said = new Map<string, number>();
  #store: MirrorStore | undefined;
  #source: Source | undefined;
  #http: HttpServer | undefined;
  #failures = 0;
  #hasRead = false;
  #isStopping = false;

  constructor(options: MirrorOptions) {
    this.#options = options;
  }

  /** Opens the folder and listens. @throws {Failure} when a person has to mend it. */
  async start(): Promise<{ readonly url: string }> {
    const { crypto, dataFolder: folder, source } = this.#options;
    const onDamage = (path: string): void => this.#complain(`damaged, set aside as ${path}`);
    const store = new MirrorStore({ crypto, folder, source, onDamage });
    this.#store = store;
    const complain = (line: string): void => this.#complain(line);
    const reportError: ReportError = (kind, error) =>
      this.#complain(`${kind}: ${messageOf(error)}`);
    this.#source = new Source({ ...this.#options, store, complain });
    const app = createMirrorApp({
      hours: store,
      whyNotReady: () => this.#whyNotReady(),
      isStopping: () => this.#isStopping,
      reportError,
    });
    this.#http = createHttpServer(app.fetch, gateDeps(this.#options));
    try {
      return {
        url: await listen(this.#http, this.#options, "--listen 127.0.0.1:8788", reportError),
      };
    } catch (error) {
      store.close();
      throw error;
    }
  }

  /** Copies what is next; returns the milliseconds until it is worth looking again. */
  async step(): Promise<number> {
    const { clock, random, signal } = this.#options;
    this.#store?.scrub(clock.nowMs() / 1000);
    try {
      await this.#source?.step();
      this.#failures = 0;
      this.#hasRead = true;
      if (this.#source?.isBehind === true) return 0;
      return POLL_MS * (1 + randomFraction(random) / 5);
    } catch (error) {
      if (signal.aborted) return 0;
      if (!isForLater(error)) throw error;
      this.#complain(`${this.#options.source}: ${messageOf(error)}: trying again later`);
      const waitMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** this.#failures);
      this.#failures += 1;
      return waitMs * (1 + randomFraction(random) / 5);
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
    if (!this.#hasRead) return "the server's list has not been read yet";
    return this.#failures > 0 ? "the server could not be read" : null;
  }

  #complain(line: string): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [old, atMs] of this.#said) if (nowMs - atMs >= QUIET_MS) this.#said.delete(old);
    if (this.#said.has(line)) return;
    this.#said.set(line, nowMs);
    this.#options.say(`mirror: ${line}`);
  }
}

/** What the source or the disk may recover from. */
function isForLater(error: unknown): boolean {
  return (
    error instanceof TransferError || error instanceof DecodeError || errorCode(error) !== "unknown"
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
