import { type Fetch, firstBytes, inTime } from "@glowworm/platform";
import { type Clock, RECORDS_MEDIA_TYPE } from "@glowworm/protocol";
import type { Answer } from "./upload-answer.ts";

/** What a request says. */
export interface Question {
  /** One of `PATHS`. */
  readonly path: string;
  /** Sent by POST; a request without one is a GET. */
  readonly body?: Uint8Array;
  readonly authorization?: string | null;
  /** Bytes of an answer with this status that are read. */
  readonly expected: { readonly status: number; readonly bytesMax: number };
}

export interface ServerClientOptions {
  readonly fetch: Fetch;
  /** Base address of the server; a path in it is kept. */
  readonly server: URL;
  readonly clock: Clock;
}

const TIMEOUT_MS = 10_000;
/** Bytes of any other answer that are read; a problem document is a few hundred. */
const PROBLEM_BYTES_MAX = 4096;

/** The same from every relay; a connection of its own for each request, so that a server cannot tie them together. */
const HEADERS: Readonly<Record<string, string>> = {
  "user-agent": "glowworm",
  connection: "close",
};

/** Asks one server, in bounded time and memory. */
export class ServerClient {
  readonly #options: ServerClientOptions;

  constructor(options: ServerClientOptions) {
    this.#options = options;
  }

  /** The answer, or null when none came in time. Follows no redirect. */
  async ask(question: Question): Promise<Answer | null> {
    const limit = { clock: this.#options.clock, ms: TIMEOUT_MS };
    try {
      return await inTime(limit, (signal) => this.#ask(question, signal));
    } catch {
      // Whatever the transport throws, and it throws many things: there was no answer, and nothing is lost.
      return null;
    }
  }

  async #ask(
    { path, body, authorization, expected }: Question,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { fetch, server } = this.#options;
    const url = new URL(server.pathname.replace(/\/$/, "") + path, server).href;
    const response = await fetch(url, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        ...HEADERS,
        ...(body === undefined ? {} : { "content-type": RECORDS_MEDIA_TYPE }),
        ...(typeof authorization === "string" ? { authorization } : {}),
      },
      ...(body === undefined ? {} : { body: new Uint8Array(body) }),
      redirect: "manual",
      signal,
    });
    const { status, headers } = response;
    const limit = status === expected.status ? expected.bytesMax : PROBLEM_BYTES_MAX;
    return {
      status,
      mediaType: headers.get("content-type") ?? "",
      retryAfter: headers.get("retry-after"),
      body: await firstBytes(response, limit, signal),
    };
  }
}
