import { PATHS, segmentOf } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import type { ReportStore } from "@glowworm/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { filledApp, storeThat } from "./support/every-answer.ts";
import { NOON_HOUR, NOON_MS, someUpload } from "./support/fixtures.ts";
import { refusalOf, TestApp } from "./support/test-app.ts";

const random = seededRandom("published");
const NOON_SEGMENT = segmentOf(NOON_MS / 1000);

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
