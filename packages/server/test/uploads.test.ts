import { getIdOf, PROBLEMS, toHex, UPLOAD_BYTES_MAX } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { type ReportStore, StoreBusyError, StoreUnavailableError } from "@glowworm/server";
import { describe, expect, it } from "vitest";
import { filledApp, storeThat } from "./support/every-answer.ts";
import { crypto, HOUR_MS, SEGMENT_MS, someUpload } from "./support/fixtures.ts";
import { recordsOfSegments } from "./support/published.ts";
import { type Body, OCTETS, refusalOf, TestApp } from "./support/test-app.ts";

const random = seededRandom("uploads");

describe("uploads", () => {
  it("says yes with an empty body, and the reports are published under their get_id", async () => {
    const { app, store } = await filledApp();
    const uploads = [someUpload(random), someUpload(random)];
    const response = await app.upload(uploads);
    expect([response.status, await response.text()]).toEqual([201, ""]);
    app.clock.advance(SEGMENT_MS);
    await store.maintain();
    const ids = (await recordsOfSegments(store)).map((record) => toHex(record.getId));
    for (const { putId } of uploads) expect(ids).toContain(toHex(getIdOf(crypto, putId)));
    await store.close();
  });

  it("takes a batch of 64 records in one body or in chunks", async () => {
    const { app, store } = await filledApp();
    const body = bodyOf(64);
    expect((await app.uploadBytes(body)).status).toBe(201);
    expect((await app.uploadBytes(inChunks(body))).status).toBe(201);
    await store.close();
  });

  it.each<[string, () => Promise<[Body, Record<string, string>?]>, string]>([
    ["an empty body", async () => [new Uint8Array()], "bad-length"],
    ["144 bytes", async () => [bodyOf(1).subarray(0, 144)], "bad-length"],
    ["146 bytes", async () => [bodyOf(2).subarray(0, 146)], "bad-length"],
    ["289 bytes", async () => [bodyOf(2).subarray(0, 289)], "bad-length"],
    ["one byte above 64 records", async () => [bodyOf(65).subarray(0, 9281)], "body-too-large"],
    ["65 records", async () => [bodyOf(65)], "body-too-large"],
    ["65 records in chunks", async () => [inChunks(bodyOf(65))], "body-too-large"],
    ["endless chunks", async () => [endless()], "body-too-large"],
    [
      "a length that is declared too large",
      async () => [bodyOf(1), { ...OCTETS, "content-length": "100000" }],
      "body-too-large",
    ],
    [
      "another media type",
      async () => [bodyOf(1), { "content-type": "text/plain" }],
      "unsupported-media-type",
    ],
    ["no media type", async () => [bodyOf(1), {}], "unsupported-media-type"],
    [
      "a media type with a parameter",
      async () => [bodyOf(1), { "content-type": "application/octet-stream; x=1" }],
      "unsupported-media-type",
    ],
    [
      "a compressed body",
      async () => [bodyOf(1), { ...OCTETS, "content-encoding": "gzip" }],
      "unsupported-media-type",
    ],
    ["another version", async () => [withVersion(bodyOf(1), 0, 2)], "unsupported-version"],
    [
      "another version in its last record",
      async () => [withVersion(bodyOf(3), 2, 0)],
      "unsupported-version",
    ],
  ])("refuses %s and stores nothing", async (_, make, code) => {
    const { app, store } = await filledApp();
    const [body, headers] = await make();
    const response = await app.uploadBytes(body, headers);
    expect(await refusalOf(response)).toEqual([PROBLEMS[code as keyof typeof PROBLEMS], code]);
    app.clock.advance(SEGMENT_MS);
    await store.maintain();
    // Two segments of padding before, one now: nothing else.
    expect((await recordsOfSegments(store)).length).toBe(10);
    await store.close();
  });

  it.each<[string, () => Promise<never>, number, string]>([
    ["busy", () => Promise.reject(new StoreBusyError("busy")), 429, "rate-limited"],
    [
      "unavailable",
      () => Promise.reject(new StoreUnavailableError("EIO")),
      503,
      "store-unavailable",
    ],
  ])("asks to come back when the store is %s", async (_, fails, status, code) => {
    const response = await new TestApp(storeThat(fails)).upload([someUpload(random)]);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await refusalOf(response)).toEqual([status, code]);
  });

  it("keeps the words of an unknown error to itself", async () => {
    const app = new TestApp(storeThat(() => Promise.reject(new Error("/secret/path"))));
    const response = await app.upload([someUpload(random)]);
    const text = await response.clone().text();
    expect(await refusalOf(response)).toEqual([500, "internal"]);
    expect(text).not.toContain("secret");
    expect(app.said).toEqual(["a request failed: Error: /secret/path"]);
  });
});

describe("the cap per id", () => {
  it("refuses the 65th report of an id from one network, keeps the others, and names the wait", async () => {
    const { app, store } = await filledApp();
    const putId = random.bytes(32);
    const batch = Array.from({ length: 64 }, () => someUpload(random, putId));
    expect((await app.upload(batch)).status).toBe(201);
    const response = await app.upload([someUpload(random), someUpload(random, putId)]);
    expect(response.headers.get("retry-after")).toBe(String(3600 - 120));
    expect(await refusalOf(response)).toEqual([429, "id-capped"]);
    app.address = "192.0.2.200";
    expect((await app.upload([someUpload(random, putId)])).status).toBe(429);
    app.clock.advance(SEGMENT_MS);
    await store.maintain();
    const id = toHex(getIdOf(crypto, putId));
    const kept = (await recordsOfSegments(store)).filter((record) => toHex(record.getId) === id);
    expect(kept.length).toBe(64);
    await store.close();
  });

  it("stays open to another network, to other ids, and to the next hour", async () => {
    const { app, store } = await filledApp();
    const putId = random.bytes(32);
    await app.upload(Array.from({ length: 64 }, () => someUpload(random, putId)));
    expect((await app.upload([someUpload(random)])).status).toBe(201);
    app.address = "192.0.3.1";
    expect((await app.upload([someUpload(random, putId)])).status).toBe(201);
    app.address = "192.0.2.1";
    expect((await app.upload([someUpload(random, putId)])).status).toBe(429);
    app.clock.advance(HOUR_MS);
    expect((await app.upload([someUpload(random, putId)])).status).toBe(201);
    await store.close();
  });

  it("does not count what the store could not keep", async () => {
    let isBroken = true;
    const store: ReportStore = {
      ...storeThat(() => Promise.reject(new StoreUnavailableError("EIO"))),
      put: async () => {
        if (isBroken) throw new StoreUnavailableError("EIO");
      },
    };
    const app = new TestApp(store);
    const batch = Array.from({ length: 64 }, () => someUpload(random, new Uint8Array(32)));
    for (let attempt = 0; attempt < 3; attempt++) {
      expect((await app.upload(batch)).status).toBe(503);
    }
    isBroken = false;
    expect((await app.upload(batch)).status).toBe(201);
  });
});

function bodyOf(records: number): Uint8Array {
  const body = random.bytes(records * 145);
  for (let record = 0; record < records; record++) withVersion(body, record, 1);
  return body;
}

function withVersion(body: Uint8Array, record: number, version: number): Uint8Array {
  body[record * 145 + 32] = version;
  return body;
}

function inChunks(body: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= body.length) return controller.close();
      controller.enqueue(body.slice(at, at + 1000));
      at += 1000;
    },
  });
}

function endless(): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      sent += 1000;
      if (sent > 10 * UPLOAD_BYTES_MAX) controller.error(new Error("read far beyond the limit"));
      else controller.enqueue(new Uint8Array(1000));
    },
  });
}
