import { createServer, type Server as HttpServer } from "node:http";
import type { Socket } from "node:net";
import { PROBLEM_MEDIA_TYPE } from "@glowworm/protocol";
import { getRequestListener } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context } from "hono";
import { withoutPipelining } from "./pipelining.ts";
import { problemOf } from "./problem.ts";

/** Milliseconds and bytes. Node's own defaults let a silent client hold a connection for minutes. */
const HTTP_LIMITS = {
  headersTimeout: 5000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 8192,
  keepAliveTimeout: 5000,
} as const;
const CONNECTIONS_MAX = 1024;
const REQUESTS_PER_CONNECTION_MAX = 1000;
const HEADERS_MAX = 64;
/**
 * A connection on which nothing moves is ended, an unread answer after twice this time: who does not read would hold it,
 * and its memory, for ever.
 */
const IDLE_MS = 15_000;

/** Remote address of the socket a request came through. */
export function socketAddressOf(c: Context): string | undefined {
  return getConnInfo(c).remote.address;
}

/** A server that answers with `fetch`, within limits. */
export function createHttpServer(
  fetch: (request: Request) => Response | Promise<Response>,
): HttpServer {
  const listener = getRequestListener(fetch, { overrideGlobalObjects: false });
  const server = createServer(HTTP_LIMITS, withoutPipelining(listener));
  server.maxConnections = CONNECTIONS_MAX;
  server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION_MAX;
  server.maxHeadersCount = HEADERS_MAX;
  server.timeout = IDLE_MS;
  server.on("clientError", refuseRaw);
  return server;
}

/** Answers what is no request at all, or came too slowly to become one. */
function refuseRaw(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") {
    const body = JSON.stringify(problemOf("request-timeout", "send the request within 10 s"));
    socket.end(
      `HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-type: ${PROBLEM_MEDIA_TYPE}\r\n` +
        `content-length: ${body.length}\r\n\r\n${body}`,
    );
    return;
  }
  const isTooLong = error.code === "HPE_HEADER_OVERFLOW";
  const status = isTooLong ? "431 Request Header Fields Too Large" : "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
