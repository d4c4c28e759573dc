import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answerOf, raw } from "../support/raw.ts";
import { ServerProcess, UNHARMED } from "../support/server-process.ts";

/** As short as a test can wait for, and long enough for a busy machine. */
const LIMITS = { headersTimeoutMs: 1000, requestTimeoutMs: 1500, keepAliveMs: 500 };
const RECORD = `${"k".repeat(32)}\x01${"s".repeat(112)}`;
const POST =
  "POST /v1/sightings HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/octet-stream\r\n";
const GET = "GET /about HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";

let server: ServerProcess;
beforeAll(async () => {
  server = await ServerProcess.start({ limits: LIMITS });
});
afterAll(async () => {
  expect(await server.stop()).toEqual(UNHARMED);
});

function headers(count: number): string {
  return Array.from({ length: count }, (_, n) => `x-${n}: y\r\n`).join("");
}

const CASES: readonly (readonly [string, number, string, string])[] = [
  ["a plain upload", 201, "", `${POST}content-length: 145\r\n\r\n${RECORD}`],
  [
    "expect: 100-continue",
    201,
    "",
    `${POST}expect: 100-continue\r\ncontent-length: 145\r\n\r\n${RECORD}`,
  ],
  [
    "another expectation",
    417,
    "",
    `${POST}expect: a-miracle\r\ncontent-length: 145\r\n\r\n${RECORD}`,
  ],
  ["HTTP/1.0 with a host", 200, "", "GET /about HTTP/1.0\r\nhost: x\r\n\r\n"],
  ["HTTP/1.0 without a host", 200, "", "GET /about HTTP/1.0\r\n\r\n"],
  ["HTTP/1.1 without a host", 400, "", "GET /about HTTP/1.1\r\n\r\n"],
  ["HTTP/2 without asking first", 400, "", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  [
    "an upgrade to HTTP/2",
    200,
    "",
    `${GET}connection: upgrade\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n\r\n`,
  ],
  [
    "an upgrade to a web socket",
    200,
    "",
    `${GET}connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  ],
  ["CONNECT", 0, "", "CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\n"],
  [
    "TRACE",
    405,
    "method-not-allowed",
    "TRACE /about HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
  ],
  ["OPTIONS *", 400, "bad-path", "OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"],
  [
    "a method that is none",
    400,
    "",
    "BREW /about HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
  ],
  [
    "an absolute URI",
    200,
    "",
    "GET http://x/about HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
  ],
  [
    "an absolute URI to elsewhere",
    200,
    "",
    "GET http://example.net/about HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
  ],
  [
    "an absolute URI that is none",
    400,
    "bad-path",
    "GET http://[ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
  ],
  ["a path without a slash", 400, "", "GET about HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"],
  [
    "a backslash in the path",
    400,
    "bad-path",
    "GET /v1\\hours HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
  ],
  ["a host that is none", 400, "bad-path", "GET /about HTTP/1.1\r\nhost: a b\r\n\r\n"],
  ["a host with a path", 400, "bad-path", "GET /about HTTP/1.1\r\nhost: x/y\r\n\r\n"],
  ["two hosts", 200, "", "GET /about HTTP/1.1\r\nhost: x\r\nconnection: close\r\nhost: y\r\n\r\n"],
  [
    "two media types",
    415,
    "unsupported-media-type",
    `${POST}content-type: text/plain\r\ncontent-length: 145\r\n\r\n${RECORD}`,
  ],
  ["64 headers", 200, "", `${GET}${headers(62)}\r\n`],
  ["65 headers", 431, "", `${GET}${headers(63)}\r\n`],
  ["600 headers", 431, "", `${GET}${headers(600)}\r\n`],
  ["headers above 8 KiB", 431, "", `${GET}x: ${"y".repeat(9000)}\r\n\r\n`],
  ["a query of 8 kB", 200, "", `GET /about?${"q".repeat(7900)} HTTP/1.1\r\nhost: x\r\n\r\n`],
  ["a query of 20 kB", 431, "", `GET /about?${"q".repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`],
  ["a NUL in the path", 400, "", "GET /ab\0out HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"],
  ["a NUL in a header", 400, "", `${GET}a: b\0c\r\n\r\n`],
  ["an escaped NUL", 400, "bad-path", "GET /%00 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"],
  [
    "a broken escape",
    400,
    "bad-path",
    "GET /v1/hours/%zz/manifest HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
  ],
  ["a header without a name", 400, "", `${GET}: b\r\n\r\n`],
  ["a header name with a space", 400, "", `${GET}a b: c\r\n\r\n`],
  ["a folded header", 400, "", `${GET}a: b\r\n c\r\n\r\n`],
  ["a bare line feed", 400, "", "GET /about HTTP/1.1\nhost: x\n\n"],
  ["two lengths", 400, "", `${POST}content-length: 145\r\ncontent-length: 290\r\n\r\n${RECORD}`],
  [
    "a length and chunks",
    400,
    "",
    `${POST}content-length: 145\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ["a negative length", 400, "", `${POST}content-length: -1\r\n\r\n${RECORD}`],
  ["a length in hexadecimal", 400, "", `${POST}content-length: 0x91\r\n\r\n${RECORD}`],
  ["a length above 2^64", 400, "", `${POST}content-length: 99999999999999999999999\r\n\r\n`],
  ["a length of a terabyte", 413, "body-too-large", `${POST}content-length: 1099511627776\r\n\r\n`],
  ["more than the length says", 400, "", `${POST}content-length: 145\r\n\r\n${RECORD}and more`],
  [
    "less than the length says",
    408,
    "request-timeout",
    `${POST}content-length: 290\r\n\r\n${RECORD}`,
  ],
  ["no length and no chunks", 400, "bad-length", `${POST}\r\n`],
  ["chunks", 201, "", `${POST}transfer-encoding: chunked\r\n\r\n91\r\n${RECORD}\r\n0\r\n\r\n`],
  [
    "chunks with a trailer",
    201,
    "",
    `${POST}transfer-encoding: chunked\r\ntrailer: x\r\n\r\n91\r\n${RECORD}\r\n0\r\nx: y\r\n\r\n`,
  ],
  [
    "chunks of which one is endless",
    413,
    "body-too-large",
    `${POST}transfer-encoding: chunked\r\n\r\nffffffff\r\n${"x".repeat(20_000)}`,
  ],
  ["a chunk whose size is none", 400, "", `${POST}transfer-encoding: chunked\r\n\r\nzz\r\n`],
  [
    "another coding within chunks",
    415,
    "unsupported-media-type",
    `${POST}transfer-encoding: gzip, chunked\r\n\r\n91\r\n${RECORD}\r\n0\r\n\r\n`,
  ],
  ["another transfer encoding", 400, "", `${POST}transfer-encoding: gzip\r\n\r\n`],
];

describe("odd requests", () => {
  it.each(CASES)("%s: is answered %i %s", async (_, status, code, bytes) => {
    const { socket, answer } = raw(server.port);
    socket.write(Buffer.from(bytes, "latin1"));
    expect(answerOf(await answer)).toEqual([status, code]);
  });

  it("leave the server as it was", async () => {
    const { socket, answer } = raw(server.port);
    socket.write(`${POST}content-length: 145\r\n\r\n${RECORD}`);
    expect(answerOf(await answer)).toEqual([201, ""]);
  });
});
