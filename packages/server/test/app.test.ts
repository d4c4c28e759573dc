import { getIdOf, PATHS, PROBLEMS, segmentOf, toHex, UPLOAD_BYTES_MAX } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { type ReportStore, StoreBusyError, StoreUnavailableError } from "@glowworm/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { filledApp, storeThat } from "./support/every-answer.ts";
import { crypto, HOUR_MS, NOON_HOUR, NOON_MS, SEGMENT_MS, someUpload } from "./support/fixtures.ts";
import { recordsOfSegments } from "./support/published.ts";
import { type Body, refusalOf, TestApp } from "./support/test-app.ts";

const random = seededRandom("app");
const NOON_SEGMENT = segmentOf(NOON_MS / 1000);
const OCTETS = { "content-type": "application/octet-stream" };

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

describe("what is published", () => {
  let app: TestApp;
  let store: ReportStore;
  beforeAll(async () => {
    ({ app, store } = await filledApp());
  });
  afterAll(() => store.close());

  it("lists closed hours and the segments that can be fetched", async () => {
    const response = await app.get(PATHS.hours);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({
      v: 1,
      hours: [{ hour: NOON_HOUR, pages: 1, manifest: expect.stringMatching(/^[0-9a-f]{64}$/) }],
      open: { first: NOON_SEGMENT + 120, last: NOON_SEGMENT + 123 },
    });
  });

  it.each([
    [PATHS.manifest(NOON_HOUR), 141, "public, max-age=31536000, immutable"],
    [PATHS.page(NOON_HOUR, 0), 34_048, "public, max-age=31536000, immutable"],
    [PATHS.segment(NOON_SEGMENT + 121), 266, "public, max-age=120, immutable"],
  ])(
    "serves %s whole, for caches and any web page, with nothing to recognise a reader by",
    async (path, length, caching) => {
      const response = await app.get(path);
      expect((await response.arrayBuffer()).byteLength).toBe(length);
      expect(response.status).toBe(200);
      expect(Object.fromEntries(response.headers)).toEqual({
        "content-type": "application/octet-stream",
        "content-length": String(length),
        "cache-control": caching,
        "access-control-allow-origin": "*",
        "x-content-type-options": "nosniff",
      });
    },
  );

  it("serves the filter of an hour that has one in the same way", async () => {
    const filter = random.bytes(200_000);
    const withFilter = {
      ...storeThat(() => Promise.reject(new Error("unused"))),
      filter: async () => filter,
    };
    const response = await new TestApp(withFilter).get(PATHS.filter(NOON_HOUR));
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(filter);
    expect(Object.fromEntries(response.headers)).toEqual({
      "content-type": "application/octet-stream",
      "content-length": "200000",
      "cache-control": "public, max-age=31536000, immutable",
      "access-control-allow-origin": "*",
      "x-content-type-options": "nosniff",
    });
  });

  it.each<[string, number, string]>([
    [PATHS.manifest(NOON_HOUR + 1), 404, "not-found"],
    [PATHS.page(NOON_HOUR, 1), 404, "not-found"],
    [PATHS.page(NOON_HOUR + 1, 0), 404, "not-found"],
    [PATHS.segment(NOON_SEGMENT + 124), 404, "segment-open"],
    [PATHS.segment(NOON_SEGMENT + 9999), 404, "segment-open"],
    [PATHS.segment(NOON_SEGMENT), 410, "segment-gone"],
    [PATHS.segment(0), 410, "segment-gone"],
    [PATHS.filter(NOON_HOUR), 404, "not-found"],
    [PATHS.filter(NOON_HOUR + 1), 404, "not-found"],
    [`/v1/hours/0${NOON_HOUR}/filter`, 400, "bad-path"],
    [`${PATHS.hours}?x=1`, 400, "bad-path"],
    [`${PATHS.hours}?`, 400, "bad-path"],
    [`${PATHS.manifest(NOON_HOUR)}?x=1`, 400, "bad-path"],
    [`${PATHS.page(NOON_HOUR, 0)}?x=1`, 400, "bad-path"],
    [`${PATHS.filter(NOON_HOUR)}?x=1`, 400, "bad-path"],
    [`${PATHS.segment(NOON_SEGMENT + 121)}?x=1`, 400, "bad-path"],
    [`/v1/hours/${NOON_HOUR}/pages/00`, 400, "bad-path"],
    [`/v1/hours/0${NOON_HOUR}/manifest`, 400, "bad-path"],
    [`/v1/hours/+${NOON_HOUR}/manifest`, 400, "bad-path"],
    [`/v1/hours/%34${String(NOON_HOUR).slice(1)}/manifest`, 400, "bad-path"],
    ["/v1/open/-1", 400, "bad-path"],
    ["/v1/open/1e3", 400, "bad-path"],
    ["/v1/open/0x10", 400, "bad-path"],
    ["/v1/open/99999999999", 400, "bad-path"],
    ["/v1/open/", 404, "not-found"],
    ["/v1/hours/", 404, "not-found"],
    ["/v1/hours/../../etc/passwd", 404, "not-found"],
    ["/v1/sighting", 404, "not-found"],
    ["/", 404, "not-found"],
  ])("answers %s with %i %s", async (path, status, code) => {
    const response = await app.get(path);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await refusalOf(response)).toEqual([status, code]);
  });

  it.each([
    ["GET", PATHS.sightings, "POST"],
    ["PUT", PATHS.sightings, "POST"],
    ["OPTIONS", PATHS.sightings, "POST"],
    ["POST", PATHS.hours, "GET, HEAD"],
    ["DELETE", PATHS.manifest(NOON_HOUR), "GET, HEAD"],
    ["POST", PATHS.segment(1), "GET, HEAD"],
    ["POST", PATHS.about, "GET, HEAD"],
  ])("refuses %s %s and names the method to use", async (method, path, allow) => {
    const response = await app.get(path, method);
    expect(response.headers.get("allow")).toBe(allow);
    expect(await refusalOf(response)).toEqual([405, "method-not-allowed"]);
  });

  it.each([PATHS.hours, PATHS.about, PATHS.health, PATHS.ready])(
    "lets any web page read %s",
    async (path) => {
      const response = await app.get(path);
      expect(response.headers.get("access-control-allow-origin")).toBe("*");
    },
  );

  it("lets no web page of elsewhere upload", async () => {
    const response = await app.upload([someUpload(random)]);
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
  });
});

describe("the log of a server", () => {
  it.each([
    ["the store refuses", new StoreUnavailableError("EIO")],
    ["there is a bug", new Error("a bug")],
  ])("says what went wrong when %s, and nothing of who met it", async (_, error) => {
    const app = new TestApp(storeThat(() => Promise.reject(error)));
    app.address = "203.0.113.77";
    const record = someUpload(random);
    const headers = { ...OCTETS, "user-agent": "planted", "x-forwarded-for": "203.0.113.78" };
    const body = new Uint8Array([...record.putId, ...record.envelope]);
    expect((await app.uploadBytes(body, headers)).status).toBeGreaterThanOrEqual(500);
    await app.get("/v1/open/4711");
    const said = app.said.join("\n");
    expect(said).toContain(error.message);
    const ids = [toHex(record.putId), toHex(getIdOf(crypto, record.putId))];
    for (const trace of ["203.0.113", "planted", "4711", ...ids]) expect(said).not.toContain(trace);
  });
});

describe("the state of a server", () => {
  it("says what it is and how long it keeps reports", async () => {
    const { app, store } = await filledApp();
    expect(await (await app.get(PATHS.about)).json()).toEqual({
      v: 1,
      protocol: 1,
      software: expect.stringMatching(/^glowworm \d+\.\d+\.\d+$/),
      build: null,
      policy: "keeps nothing",
      contact: null,
      admission: "public",
      limits: { recordsPerUpload: 64, recordsPerId: 64 },
      retentionDays: 30,
    });
    expect((await app.get(PATHS.health)).status).toBe(200);
    expect((await app.get(PATHS.ready)).status).toBe(200);
    await store.close();
  });

  it.each<[string, (app: TestApp) => void]>([
    ["it stops", (app) => (app.isStopping = true)],
    ["its clock is behind what it published", (app) => app.clock.setWall(NOON_MS)],
  ])("is alive but not ready when %s", async (_, change) => {
    const { app, store } = await filledApp();
    change(app);
    expect((await app.get(PATHS.health)).status).toBe(200);
    expect(await refusalOf(await app.get(PATHS.ready))).toEqual([503, "store-unavailable"]);
    await store.close();
  });

  it("is not ready when its store cannot be written", async () => {
    const app = new TestApp(storeThat(() => Promise.reject(new Error("unused"))));
    expect(await refusalOf(await app.get(PATHS.ready))).toEqual([503, "store-unavailable"]);
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
