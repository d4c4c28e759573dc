import {
  createServer,
  type Server as HttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import type { Socket } from "node:net";
import { type Clock, PROBLEM_MEDIA_TYPE } from "@glowworm/protocol";
import { getRequestListener, RequestError } from "@hono/node-server";
import type { Context } from "hono";
import { Connections } from "./connections.ts";
import { Gate, isUpload } from "./gate.ts";
import type { GateDeps } from "./gate-options.ts";
import type { ServerLimits } from "./limits.ts";
import { withoutPipelining } from "./pipelining.ts";
import { ProblemError, problemOf, problemResponse } from "./problem.ts";

const HEADER_BYTES_MAX = 8192;
const HEADERS_MAX = 64;
const REQUESTS_PER_CONNECTION_MAX = 1000;
/** Spellings that mean another path: second names of the same bytes, past every cache. */
const OTHER_NAME = /[#%\\\\]|\/\.{1,2}(?:\/|$)/;
/** How often slow requests are looked for, at least. */
const CHECK_MS_MAX = 1000;
/** For reading a refusal that ends the connection: cut off at once, whoever is still sending would not see it. */
const LAST_WORD_MS = 1000;

/** Whose requests are being answered. */
const networks: WeakMap<IncomingMessage, string> = new WeakMap();

/** The network that a request was counted for at the gate, as `sourcePrefixOf` names networks. */
export function networkOf(c: Context): string {
  const { incoming } = c.env as { readonly incoming: IncomingMessage };
  return networks.get(incoming) ?? "";
}

/**
 * Ends the connection of a request whose answer has begun and cannot be finished: the adapter would take a stream that fails
 * early for one that is over. @returns false when the request came through no connection.
 */
export function cutOff(c: Context): boolean {
  const { outgoing } = (c.env ?? {}) as { readonly outgoing?: ServerResponse };
  outgoing?.destroy();
  return outgoing !== undefined;
}

/** A server that answers with `fetch`, within limits. */
export function createHttpServer(
  fetch: (request: Request) => Response | Promise<Response>,
  deps: GateDeps,
): HttpServer {
  const listener = getRequestListener(fetch, {
    overrideGlobalObjects: false,
    // For HTTP/1.0, which knows no Host.
    hostname: "localhost",
    errorHandler: refusalOfRequest,
  });
  const server = createServer(timesOf(deps.limits), withoutPipelining(behindGate(deps, listener)));
  new Connections(deps.limits, deps.proxies, deps.clock).guard(server);
  server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION_MAX;
  // One more than may come: Node leaves out what is above, and a proxy's own header may be among that.
  server.maxHeadersCount = HEADERS_MAX + 1;
  server.timeout = deps.limits.idleMs;
  server.on("clientError", (error: { readonly code?: string }, socket: Socket) => {
    refuseRaw(error, socket, deps.clock);
  });
  // Node answers these by itself, past the gate, as often as they come: one is enough.
  server.on("checkExpectation", (_, response: ServerResponse) => {
    response.writeHead(417, { connection: "close", "content-length": 0 }).end();
  });
  server.on("dropRequest", (_, socket: Socket) => socket.destroy());
  return server;
}

/** Node's own defaults let a silent client hold a connection for minutes. */
function timesOf(limits: ServerLimits): Parameters<typeof createServer>[0] & object {
  return {
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: Math.min(CHECK_MS_MAX, limits.headersTimeoutMs / 4),
    keepAliveTimeout: limits.keepAliveMs,
    maxHeaderSize: HEADER_BYTES_MAX,
  };
}

/** Refuses by headers what need not be looked at any further. */
function behindGate(deps: GateDeps, listener: RequestListener): RequestListener {
  const gate = new Gate(deps);
  return (request, response) => {
    if (request.rawHeaders.length > 2 * HEADERS_MAX) {
      refuseRaw({ code: "HPE_HEADER_OVERFLOW" }, request.socket, deps.clock);
      return;
    }
    const pass = gate.admit(request);
    if (pass instanceof ProblemError) {
      deps.onRefused(request);
      refuse(request, response, pass);
      return;
    }
    networks.set(request, pass.network);
    const before = request.socket.bytesWritten;
    // A header of our own makes Node keep the others where they can be read below.
    response.setHeader("x-content-type-options", "nosniff");
    response.once("close", () => {
      // What was made costs as much when nobody takes it: for HEAD, and when the connection is cut.
      const made = Number(response.getHeader("content-length") ?? 0);
      pass.end(response.statusCode, Math.max(made, request.socket.bytesWritten - before));
    });
    if (OTHER_NAME.test(request.url ?? "")) {
      refuse(request, response, new ProblemError("bad-path", "write the path as it is listed"));
      return;
    }
    listener(request, response);
  };
}

function refuse(request: IncomingMessage, response: ServerResponse, error: ProblemError): void {
  const problem = problemOf(error.code, error.message);
  const body = JSON.stringify(problem);
  // As for any other answer: what anybody may fetch, any web page may read.
  const readable = isUpload(request) ? {} : { "access-control-allow-origin": "*" };
  response.writeHead(problem.status, {
    "content-type": PROBLEM_MEDIA_TYPE,
    "content-length": body.length,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...readable,
    ...error.headers,
  });
  response.end(body);
}

/** What the adapter cannot make a request of. The app answers its own errors, so anything else is a bug. */
function refusalOfRequest(error: unknown): Response {
  return problemResponse(
    error instanceof RequestError
      ? new ProblemError("bad-path", "the path or the host header cannot be read")
      : new ProblemError("internal", "the request could not be answered"),
  );
}

/** Answers what is no request at all, or came too slowly to become one. */
function refuseRaw(error: { readonly code?: string }, socket: Socket, clock: Clock): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  void endWith(refusalOf(error), socket, clock);
}

function refusalOf({ code }: { readonly code?: string }): string {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    const body = JSON.stringify(problemOf("request-timeout", "send the whole request at once"));
    return (
      `HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-type: ${PROBLEM_MEDIA_TYPE}\r\n` +
      `content-length: ${body.length}\r\n\r\n${body}`
    );
  }
  const isTooLong = code === "HPE_HEADER_OVERFLOW";
  const status = isTooLong ? "431 Request Header Fields Too Large" : "400 Bad Request";
  return `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`;
}

/** Ends a connection from both sides: to end our own leaves it to the client how long it goes on sending. */
async function endWith(lastWord: string, socket: Socket, clock: Clock): Promise<void> {
  const closed = new AbortController();
  socket.once("close", () => closed.abort());
  socket.end(lastWord);
  await clock.sleep(LAST_WORD_MS, closed.signal);
  socket.destroy();
}
