import type { IncomingMessage } from "node:http";
import { BATCH_RECORDS_MAX, PATHS, UPLOAD_RECORD_BYTES } from "@glowworm/protocol";
import type { GateDeps } from "./gate-options.ts";
import { REQUEST_BYTES_MIN } from "./limits.ts";
import { NetworkCounts } from "./network-counts.ts";
import { BUSY_RETRY_SECONDS, ProblemError, retryLater } from "./problem.ts";
import { type Rate, RateLimit } from "./rate-limit.ts";
import { clientAddressOf, sourcePrefixOf } from "./source-prefix.ts";
import { LOOPBACK, TrustedProxies } from "./trusted-proxies.ts";

/** Above this mean delay of the event loop an upload would be answered too late to be worth beginning. */
const LOOP_DELAY_MS_MAX = 200;
/** Questions of one network whether the server lives and is ready: ten a second, far above any monitor's. */
const PROBES: Rate = { perMinute: 600, atOnce: 600 };

/** A request that was let in. */
export interface Pass {
  /** Whose request it is, as `sourcePrefixOf` names networks. */
  readonly network: string;
  /** Settles up once the answer is over: its status, and how many bytes of it were sent. */
  readonly end: (status: number, bytes: number) => void;
}

/** Refuses by headers alone, before a body is read or an answer is looked up. */
export class Gate {
  readonly #deps: GateDeps;
  /** Requests in flight of networks behind a proxy, whose connections say nothing. */
  readonly #inFlight: NetworkCounts;
  readonly #uploads: RateLimit;
  readonly #reads: RateLimit;
  readonly #probes: RateLimit;
  readonly #thisMachine: TrustedProxies = new TrustedProxies(LOOPBACK);

  constructor(deps: GateDeps) {
    const { limits } = deps;
    this.#deps = deps;
    this.#inFlight = new NetworkCounts(limits.connectionsPerNetwork);
    this.#uploads = new RateLimit(
      { perMinute: limits.recordsPerMinute, atOnce: limits.recordsAtOnce },
      deps,
    );
    this.#reads = new RateLimit(
      { perMinute: limits.bytesPerMinute, atOnce: limits.bytesAtOnce },
      deps,
    );
    this.#probes = new RateLimit(PROBES, deps);
  }

  /** Lets a request in, or says why not. */
  admit(request: IncomingMessage): Pass | ProblemError {
    const socket = request.socket.remoteAddress ?? "";
    const network = sourcePrefixOf(this.#clientOf(request, socket));
    if (isProbe(request) && this.#isMonitor(request, socket)) return freePass(network);
    return this.#deps.proxies.has(socket)
      ? this.#admitProxied(network, request)
      : this.#admitFrom(network, request);
  }

  #admitProxied(network: string, request: IncomingMessage): Pass | ProblemError {
    if (!this.#inFlight.enter(network)) {
      return tooMuch("your network has too many requests in flight", BUSY_RETRY_SECONDS);
    }
    const pass = this.#admitFrom(network, request);
    if (pass instanceof ProblemError) {
      this.#inFlight.leave(network);
      return pass;
    }
    return {
      network,
      end: (status, bytes) => {
        this.#inFlight.leave(network);
        pass.end(status, bytes);
      },
    };
  }

  #admitFrom(network: string, request: IncomingMessage): Pass | ProblemError {
    // By method, not by path: a path has many spellings, and whatever takes a POST is work.
    if (isUpload(request)) return this.#admitUpload(network, request.headers["content-length"]);
    return isProbe(request) ? this.#admitProbe(network) : this.#admitRead(network);
  }

  /** On this machine, and nobody's proxy: whatever others do, whoever restarts a server that is dead gets an answer. */
  #isMonitor({ headers }: IncomingMessage, socket: string): boolean {
    return headers["x-forwarded-for"] === undefined && this.#thisMachine.has(socket);
  }

  #admitProbe(network: string): Pass | ProblemError {
    const wait = this.#probes.take(network, 1);
    return wait > 0 ? tooMuch("your network asks too often", wait) : freePass(network);
  }

  #admitUpload(network: string, length: string | undefined): Pass | ProblemError {
    if (this.#deps.loopDelayMs() > LOOP_DELAY_MS_MAX) {
      return tooMuch("the server has too much to do", BUSY_RETRY_SECONDS);
    }
    const records = recordsOf(length);
    const wait = this.#uploads.take(network, records);
    if (wait > 0) return tooMuch("your network has uploaded its share: keep the reports", wait);
    return {
      network,
      end: (status) => {
        if (status >= 500) this.#uploads.giveBack(network, records);
      },
    };
  }

  #admitRead(network: string): Pass | ProblemError {
    const wait = this.#reads.take(network, REQUEST_BYTES_MIN);
    if (wait > 0) return tooMuch("your network has read its share: go on later", wait);
    return {
      network,
      end: (_, bytes) => this.#reads.spend(network, Math.max(0, bytes - REQUEST_BYTES_MIN)),
    };
  }

  #clientOf({ headers }: IncomingMessage, socket: string): string | undefined {
    const forwardedFor = headers["x-forwarded-for"];
    return clientAddressOf(this.#deps.proxies, socket, forwardedFor?.toString());
  }
}

function freePass(network: string): Pass {
  return { network, end: () => undefined };
}

/** Apart from other reads: who has read its share may still be watched. */
function isProbe({ method, url }: IncomingMessage): boolean {
  const isRead = method === "GET" || method === "HEAD";
  return isRead && (url === PATHS.health || url === PATHS.ready);
}

/** Whether a request brings something. */
export function isUpload({ method }: IncomingMessage): boolean {
  return method === "POST";
}

/** Records that a body of so many bytes may hold; one without a length, as many as any. */
function recordsOf(length: string | undefined): number {
  const records = Math.ceil(Number(length ?? Number.POSITIVE_INFINITY) / UPLOAD_RECORD_BYTES);
  return Math.min(Math.max(records, 1), BATCH_RECORDS_MAX);
}

function tooMuch(detail: string, seconds: number): ProblemError {
  return retryLater("rate-limited", detail, seconds);
}
