import {
  decodeRecords,
  encodeUploadBatch,
  getIdOf,
  type HoursList,
  PATHS,
  toHex,
} from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { Metrics, Server, type ServerOptions } from "@glowworm/server";
import { afterEach, describe, expect, it } from "vitest";
import { crypto, NOON_MS, SEGMENT_MS, someUpload, temporaryFolder } from "../support/fixtures.ts";

const random = seededRandom("floods");
let clock: FakeClock;
let server: Server;
let url: string;
afterEach(() => server.stop());

async function start(options: Partial<ServerOptions> = {}): Promise<void> {
  clock = new FakeClock(NOON_MS);
  server = new Server({
    clock,
    random,
    crypto,
    dataFolder: temporaryFolder(),
    host: "127.0.0.1",
    port: 0,
    retentionDays: 30,
    ...options,
  });
  ({ url } = await server.start());
}

/** Uploads so many records of an id, or of as many ids, from an address behind a proxy. */
async function upload(from: string, count: number, putId?: Uint8Array): Promise<Response> {
  const batch = Array.from({ length: count }, () => someUpload(random, putId));
  const body = new Uint8Array(encodeUploadBatch(batch));
  const headers = { "content-type": "application/octet-stream", "x-forwarded-for": from };
  return await fetch(url + PATHS.sightings, { method: "POST", headers, body });
}

async function read(from: string, path: string): Promise<Response> {
  const response = await fetch(url + path, { headers: { "x-forwarded-for": from } });
  await response.clone().arrayBuffer();
  return response;
}

/** How many records of each id all segments hold. */
async function published(): Promise<ReadonlyMap<string, number>> {
  clock.advance(SEGMENT_MS);
  await server.step();
  const { open } = (await (await read("203.0.113.1", PATHS.hours)).json()) as HoursList;
  const counts = new Map<string, number>();
  for (let segment = open?.first ?? 1; segment <= (open?.last ?? 0); segment++) {
    const bytes = await (await read("203.0.113.1", PATHS.segment(segment))).arrayBuffer();
    for (const record of decodeRecords(new Uint8Array(bytes))) {
      const id = toHex(record.getId);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  return counts;
}

describe("a flood on one id", () => {
  it("of a thousand reports to one, from 16 networks, leaves every honest report from elsewhere", async () => {
    await start();
    const putId = random.bytes(32);
    const hostile = (n: number): string => `198.51.${n % 16}.${n % 250}`;
    const answers = new Set<number>();
    for (let honest = 0; honest < 20; honest++) {
      const batches = Array.from({ length: 16 }, (_, n) =>
        upload(hostile(honest * 16 + n), 63, putId),
      );
      for (const response of await Promise.all(batches)) answers.add(response.status);
      expect((await upload(`192.0.${honest}.1`, 1, putId)).status).toBe(201);
    }
    expect([...answers].sort()).toEqual([201, 429]);
    expect((await published()).get(toHex(getIdOf(crypto, putId)))).toBe(20 + 16 * 63);
  });

  it("by somebody who knows it from what is published reaches another id", async () => {
    await start();
    const putId = random.bytes(32);
    const victim = getIdOf(crypto, putId);
    expect((await upload("192.0.2.1", 1, putId)).status).toBe(201);
    const guesses = [
      new Uint8Array([...victim, ...victim]),
      new Uint8Array([...victim, ...new Uint8Array(16)]),
      new Uint8Array([...new Uint8Array(16), ...victim]),
    ];
    for (const guess of guesses) expect((await upload("198.51.100.1", 5, guess)).status).toBe(201);
    expect((await published()).get(toHex(victim))).toBe(1);
  });
});

describe("a flood of made-up ids", () => {
  it("ends at the share of its network, says when to come back, and costs nobody else anything", async () => {
    await start({ limits: { recordsAtOnce: 640, recordsPerMinute: 60 } });
    for (let n = 0; n < 10; n++) expect((await upload("192.0.2.1", 64)).status).toBe(201);
    const refused = await upload("192.0.2.200", 64);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "64"]);
    expect(refused.headers.get("content-type")).toBe("application/problem+json");
    expect(await refused.json()).toMatchObject({ status: 429, code: "rate-limited" });
    expect((await upload("192.0.3.1", 64)).status).toBe(201);
    expect((await read("192.0.2.1", PATHS.hours)).status).toBe(200);
    clock.advance(64_000);
    expect((await upload("192.0.2.1", 64)).status).toBe(201);
  });

  it("is counted for the operator, by its code and nothing else", async () => {
    const metrics = new Metrics();
    await start({
      limits: { recordsAtOnce: 64, recordsPerMinute: 60 },
      metrics: { host: "127.0.0.1", port: 0, of: metrics },
    });
    for (const status of [201, 429, 429])
      expect((await upload("192.0.2.1", 64)).status).toBe(status);
    const { text } = await metrics.render({
      isWritable: true,
      isReady: true,
      hours: 0,
      bytes: 0,
      freeBytes: 0,
      damagedHours: 0,
    });
    expect(text).toContain('glowworm_uploads_total{code="rate-limited"} 2\n');
    expect(text).not.toContain("192.0.2");
  });

  it("counts bodies that are refused, however the path is spelled", async () => {
    await start({ limits: { recordsAtOnce: 64, recordsPerMinute: 60 } });
    const bad = (path: string): Promise<Response> =>
      fetch(url + path, { method: "POST", body: "x", headers: { "x-forwarded-for": "192.0.2.1" } });
    for (let n = 0; n < 64; n++) {
      expect((await bad(n % 2 === 0 ? "/v1/%73ightings" : "/v1/hours?x")).status).not.toBe(429);
    }
    expect((await bad("/v1/sightings")).status).toBe(429);
  });

  it("of bodies without a length ends as soon as if each were full", async () => {
    await start({ limits: { recordsAtOnce: 128, recordsPerMinute: 60 } });
    const init = {
      method: "POST",
      duplex: "half",
      headers: { "content-type": "application/octet-stream" },
    };
    const body = (): ReadableStream => new Blob([new Uint8Array(145).fill(1)]).stream();
    const chunked = (): Promise<Response> =>
      fetch(url + PATHS.sightings, { ...init, body: body() } as RequestInit);
    expect((await chunked()).status).toBe(201);
    expect((await chunked()).status).toBe(201);
    expect((await chunked()).status).toBe(429);
  });
});

describe("an overloaded server", () => {
  it("puts uploads off, and still serves what it has", async () => {
    let delayMs = 201;
    await start({ loopDelayMs: () => delayMs });
    const refused = await upload("192.0.2.1", 1);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "2"]);
    expect((await read("192.0.2.1", PATHS.hours)).status).toBe(200);
    delayMs = 200;
    expect((await upload("192.0.2.1", 1)).status).toBe(201);
  });
});

describe("scraping", () => {
  it("ends at the share of its network; others read on, and the probes of the machine are answered", async () => {
    await start({ limits: { bytesAtOnce: 1_000_000, bytesPerMinute: 600_000 } });
    for (let n = 0; n < 100; n++) await upload("203.0.113.1", 50);
    clock.advance(SEGMENT_MS);
    await server.step();
    const segment = PATHS.segment(NOON_MS / SEGMENT_MS);
    const size = (await (await read("192.0.2.1", segment)).arrayBuffer()).byteLength;
    expect(size).toBeGreaterThan(600_000);
    expect((await read("192.0.2.1", segment)).status).toBe(200);
    const refused = await read("192.0.2.77", segment);
    expect(refused.status).toBe(429);
    // Two answers of 665 kB are 330 kB above the share: half a minute and a little more.
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(30);
    expect(Number(refused.headers.get("retry-after"))).toBeLessThanOrEqual(40);
    expect(refused.headers.get("access-control-allow-origin")).toBe("*");
    expect((await read("192.0.2.1", PATHS.about)).status).toBe(429);
    expect((await read("192.0.2.1", PATHS.health)).status).toBe(200);
    expect((await read("192.0.2.1", PATHS.ready)).status).toBe(200);
    expect((await read("192.0.3.1", segment)).status).toBe(200);
    clock.advance(41_000);
    expect((await read("192.0.2.1", PATHS.about)).status).toBe(200);
  });

  it("of the probes ends at a share of their own; the monitor of this machine is answered all the same", async () => {
    await start({ limits: { bytesAtOnce: 4096, bytesPerMinute: 1 } });
    const status = async (from: string, path: string): Promise<number> =>
      (await read(from, path)).status;
    for (let n = 0; n < 600; n++) {
      expect(await status("192.0.2.1", n % 2 === 0 ? PATHS.health : PATHS.ready)).toBe(200);
    }
    const refused = await read("192.0.2.77", PATHS.ready);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
    expect(await status("192.0.3.1", PATHS.ready)).toBe(200);
    for (let n = 0; n < 700; n++) expect((await fetch(url + PATHS.ready)).status).toBe(200);
    expect(await status("192.0.2.1", PATHS.about)).toBe(200);
    clock.advance(1000);
    expect(await status("192.0.2.1", PATHS.ready)).toBe(200);
  });

  it("of paths that do not exist ends, too", async () => {
    await start({ limits: { bytesAtOnce: 10 * 4096, bytesPerMinute: 4096 } });
    for (let n = 0; n < 10; n++) expect((await read("192.0.2.1", `/${n}`)).status).toBe(404);
    expect((await read("192.0.2.1", "/11")).status).toBe(429);
  });
});
