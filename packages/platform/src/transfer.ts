import { type Clock, ProtocolError } from "@glowworm/protocol";
import { readBody } from "./body.ts";
import { ByteBudget } from "./byte-budget.ts";
import { inTime, LateError } from "./in-time.ts";

/** As the platform's `fetch`, of which only this much is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Why a request gave nothing. */
export type TransferErrorCode =
  | "unreachable"
  | "timeout"
  | "redirect"
  | "status"
  | "too-large"
  | "interrupted";

/** A request that gave nothing to use. */
export class TransferError extends ProtocolError {
  override readonly name = "TransferError";
  readonly code: TransferErrorCode;
  /** HTTP status when there was an answer, else 0. */
  readonly status: number;

  constructor(code: TransferErrorCode, status: number, options?: ErrorOptions) {
    super(status === 0 ? code : `${code} ${status}`, options);
    this.code = code;
    this.status = status;
  }
}

/** What requests are made with. */
export interface TransferDeps {
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** Base URL without a slash at its end. */
  readonly serverUrl: string;
  /** Ends requests that are under way; every other one is then `interrupted`, too. */
  readonly signal: AbortSignal;
}

/** For one whole answer: a page of 34 kB takes this long at 10 kbit/s. */
const ANSWER_TIMEOUT_MS = 30_000;
/** In a row; after them the server counts as gone, or a week of pages would wait for its time-outs. */
const FAILURES_MAX = 3;

/**
 * Every owner sends these same headers. Without the last one a runtime would name itself and its version, and without
 * `identity` a small answer could unpack into a huge one.
 */
const HEADERS = {
  accept: "*/*",
  "accept-encoding": "identity",
  "accept-language": "*",
  "user-agent": "glowworm",
} as const;

/** Fetches paths of one server: bounded in size and time, never to another address than the one asked. */
export class Transfer {
  readonly #deps: TransferDeps;
  #failures = 0;

  constructor(deps: TransferDeps) {
    this.#deps = deps;
  }

  /** The body of a 200 answer, at most `maxBytes`. @throws {TransferError} */
  get(path: string, maxBytes: number): Promise<Uint8Array> {
    return this.getWithin(path, new ByteBudget(maxBytes));
  }

  /**
   * The body of a 200 answer, whose bytes are taken from the budget as they come. Only an answer that is too large for it gives
   * back what it took. @throws {TransferError}
   */
  async getWithin(path: string, budget: ByteBudget): Promise<Uint8Array> {
    if (this.#failures >= FAILURES_MAX) throw new TransferError("unreachable", 0);
    try {
      const body = await this.#getInTime(path, budget);
      this.#failures = 0;
      return body;
    } catch (error) {
      const isGone =
        error instanceof TransferError &&
        (error.code === "unreachable" || error.code === "timeout");
      this.#failures = isGone ? this.#failures + 1 : 0;
      throw error;
    }
  }

  async #getInTime(path: string, budget: ByteBudget): Promise<Uint8Array> {
    const { clock, signal } = this.#deps;
    try {
      return await inTime({ clock, ms: ANSWER_TIMEOUT_MS, signal }, (ending) =>
        this.#request(path, budget, ending),
      );
    } catch (error) {
      if (error instanceof TransferError) throw error;
      if (signal.aborted) throw new TransferError("interrupted", 0, { cause: error });
      const code = error instanceof LateError ? "timeout" : "unreachable";
      throw new TransferError(code, 0, { cause: error });
    }
  }

  async #request(path: string, budget: ByteBudget, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted();
    const response = await this.#deps.fetch(`${this.#deps.serverUrl}${path}`, {
      headers: HEADERS,
      redirect: "manual",
      credentials: "omit",
      signal,
    });
    if (response.status === 200) {
      const body = await readBody(response, budget, signal);
      if (body === null) throw new TransferError("too-large", 0);
      return body;
    }
    await response.body?.cancel();
    const isRedirect = response.status >= 300 && response.status < 400;
    throw new TransferError(isRedirect ? "redirect" : "status", response.status);
  }
}
