import { encodeUploadBatch, UPLOAD_BYTES_MAX, UPLOAD_RECORD_BYTES } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import type { ReportStore } from "@glowworm/server";
import { afterEach, describe, expect, it } from "vitest";
import { HOUR_MS, someUpload } from "../../packages/server/test/support/fixtures.ts";
import { ask } from "../../packages/server/test/support/honest.ts";
import { raw } from "../../packages/server/test/support/raw.ts";
import { ServerProcess, UNHARMED } from "../../packages/server/test/support/server-process.ts";
import { TestApp } from "../../packages/server/test/support/test-app.ts";
import { effort } from "../support/effort.ts";
import { fuzz } from "../support/fuzzing.ts";
import type { Mutator } from "../support/mutator.ts";

const URL_ = "http://x/v1/sightings";
const VERSION_AT = 32;
const random = seededRandom("fuzzed uploads");
/** Mostly small ones: what can go wrong with a record does not need sixty-four of them. */
const BATCHES: readonly Uint8Array[] = [1, 1, 1, 2, 2, 3, 5, 1, 1, 2, 1, 1, 64].map((count) =>
  encodeUploadBatch(Array.from({ length: count }, () => someUpload(random))),
);
const MEDIA: readonly string[] = [
  "text/plain",
  "",
  "application/octet-stream; charset=x",
  "multipart/form-data",
];

/** A store that takes everything and keeps nothing. */
const NOWHERE: ReportStore = {
  put: async () => {},
  published: async () => ({ hours: [], open: null }),
  segment: async () => "gone",
  manifest: async () => null,
  page: async () => null,
  filter: async () => null,
  maintain: async () => {},
  health: () => ({ isWritable: true, arrivalFloor: 0 }),
  close: async () => {},
};

/** What protocol.md says about a body: 201, or the status of the refusal. */
function statusOf(body: Uint8Array): number {
  if (body.length > UPLOAD_BYTES_MAX) return 413;
  if (body.length === 0 || body.length % UPLOAD_RECORD_BYTES !== 0) return 400;
  for (let at = VERSION_AT; at < body.length; at += UPLOAD_RECORD_BYTES) {
    if (body[at] !== 1) return 400;
  }
  return 201;
}

/** A body that is often of the right length, so that more than the length is looked at. */
function hostileBody(mutator: Mutator): Uint8Array {
  const body = mutator.mutate(mutator.oneOf(BATCHES), 2 * UPLOAD_BYTES_MAX);
  if (mutator.below(2) === 0) return body;
  return body.subarray(0, body.length - (body.length % UPLOAD_RECORD_BYTES));
}

describe("fuzzed uploads", () => {
  it("get the answer that the specification names, and never an internal error", async () => {
    const app = new TestApp(NOWHERE);
    const seen = new Map<number, number>();
    await fuzz("upload bodies", effort(200_000, 41), async (mutator, number) => {
      app.address = `10.${number & 255}.0.1`;
      if (number % 100_000 === 0) app.clock.advance(HOUR_MS);
      const body = hostileBody(mutator);
      const isOdd = mutator.below(50) === 0;
      const type = isOdd ? mutator.oneOf(MEDIA) : "application/octet-stream";
      const headers = { "content-type": type };
      const response = await app.app.fetch(
        new Request(URL_, { method: "POST", headers, body: new Uint8Array(body) }),
      );
      const expected = isOdd ? 415 : statusOf(body);
      // An id of the pool may have had its share of this hour.
      const isRight = response.status === expected || (expected === 201 && response.status === 429);
      if (!isRight) throw new Error(`${response.status} instead of ${expected}`);
      seen.set(response.status, (seen.get(response.status) ?? 0) + 1);
    });
    expect(app.said).toEqual([]);
    for (const status of [201, 400, 413, 415]) expect(seen.get(status)).toBeGreaterThan(100);
  });
});

describe("fuzzed requests", () => {
  const upload = BATCHES[0] ?? new Uint8Array();
  const head = (lines: string): Uint8Array => new TextEncoder().encode(`${lines}\r\n\r\n`);
  const post = "POST /v1/sightings HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream";
  const REQUESTS: readonly Uint8Array[] = [
    head("GET /v1/hours HTTP/1.1\r\nhost: x\r\nconnection: close"),
    head("GET /v1/hours/498660/pages/0 HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 192.0.2.1, ::1"),
    head("GET /v1/open/59839200 HTTP/1.0"),
    new Uint8Array([...head(`${post}\r\ncontent-length: 145`), ...upload]),
    new Uint8Array([
      ...head(`${post}\r\ntransfer-encoding: chunked\r\nexpect: 100-continue`),
      ...new TextEncoder().encode("91\r\n"),
      ...upload,
      ...new TextEncoder().encode("\r\n0\r\n\r\n"),
    ]),
  ];
  /** Also 417 for another expectation, 413 and 431 for sizes, 408 where something is missing. */
  const DEFINED = [200, 201, 400, 404, 405, 408, 410, 413, 415, 417, 429, 431];

  let server: ServerProcess;
  afterEach(async () => expect(await server.stop()).toEqual(UNHARMED));

  it("get a defined answer or none, and leave the server as it was", async () => {
    server = await ServerProcess.start({
      limits: {
        recordsAtOnce: 1e9,
        bytesAtOnce: 1e12,
        headersTimeoutMs: 1000,
        requestTimeoutMs: 2000,
      },
    });
    let before = 0;
    let answered = 0;
    await fuzz("raw requests", effort(2000, 42), async (mutator, number) => {
      if (number === 1000) before = server.memory().nowMb;
      const { socket, answer } = raw(server.port);
      socket.end(mutator.mutate(mutator.oneOf(REQUESTS), 20_000));
      for (const [, status] of (await answer).matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
        if (status === "100") continue;
        if (!DEFINED.includes(Number(status))) throw new Error(`answered ${status}`);
        answered += 1;
      }
    });
    expect(answered).toBeGreaterThan(500);
    expect(server.memory().peakMb - before).toBeLessThan(150);
    const sound = encodeUploadBatch([someUpload(random)]);
    expect((await ask(server.port, sound, {})).status).toBe(201);
  });
});
