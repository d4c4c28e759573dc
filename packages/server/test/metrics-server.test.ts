import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { systemClock } from "@glowworm/platform";
import { encodeUploadBatch, PATHS } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { Metrics, Server, type ServerLimits } from "@glowworm/server";
import { describe, expect, it, vi } from "vitest";
import { crypto, HOUR_MS, someUpload, temporaryFolder } from "./support/fixtures.ts";
import { resultsOf, sampleOf } from "./support/samples.ts";

const random = seededRandom("metrics server");

interface Watched {
  readonly server: Server;
  readonly url: string;
  /** Base URL of the metrics. */
  readonly own: string;
  readonly folder: string;
}

/** A server that is watched over its own sockets. */
async function watched(
  limits: Partial<ServerLimits> = {},
  folder = temporaryFolder(),
): Promise<Watched> {
  let own = "";
  const server = new Server({
    clock: systemClock,
    random,
    crypto,
    dataFolder: folder,
    host: "127.0.0.1",
    port: 0,
    retentionDays: 30,
    limits,
    metrics: { host: "127.0.0.1", port: 0, of: new Metrics() },
    log: ({ event, facts }) => {
      if (event === "metrics-listening") own = String(facts?.["url"]);
    },
  });
  const { url } = await server.start();
  return { server, url, own, folder };
}

async function scraped({ own }: Watched): Promise<string> {
  return await (await fetch(`${own}/metrics`)).text();
}

async function postTo(url: string, path: string): Promise<number> {
  const body = encodeUploadBatch([someUpload(random)]) as Uint8Array<ArrayBuffer>;
  const headers = { "content-type": "application/octet-stream" };
  return (await fetch(url + path, { method: "POST", headers, body })).status;
}

describe("the metrics of a server with sockets", () => {
  it("count uploads that the gate refuses, and no other refused POST", async () => {
    const one = await watched({ recordsPerMinute: 1, recordsAtOnce: 64 });
    const { server, url } = one;
    // Takes all 64 at once, as a body of unknown length does.
    for (let sent = 0; sent < 64; sent++) await postTo(url, PATHS.sightings);
    expect(await postTo(url, PATHS.tokens)).toBe(429);
    expect(await postTo(url, "/nowhere")).toBe(429);
    expect(await postTo(url, PATHS.sightings)).toBe(429);
    const text = await scraped(one);
    expect(sampleOf(text, 'glowworm_uploads_total{code="stored"}')).toBe(64);
    expect(sampleOf(text, 'glowworm_uploads_total{code="rate-limited"}')).toBe(1);
    await server.stop();
  });

  it("count an upload that is cut off as that, and not as an error of the server", async () => {
    const one = await watched();
    const socket = connect(Number(new URL(one.url).port), "127.0.0.1");
    const head = `POST ${PATHS.sightings} HTTP/1.1\r\nhost: x\r\ncontent-length: 145\r\n`;
    socket.write(`${head}content-type: application/octet-stream\r\n\r\n`);
    socket.write("begun", () => socket.destroy());
    await vi.waitFor(async () => expect(resultsOf(await scraped(one))).toEqual(["cut-off"]));
    expect(await scraped(one)).not.toContain('status="5xx"');
    await one.server.stop();
  });

  it("count files set aside, and the hours they are of", async () => {
    const first = await watched();
    await first.server.stop();
    const hour = Math.floor(systemClock.nowMs() / HOUR_MS) - 2;
    writeFileSync(join(first.folder, "hours", `${hour}.hour`), "torn");
    writeFileSync(join(first.folder, "damaged", `${hour}.sqlite.1`), "");
    writeFileSync(join(first.folder, "damaged", `${hour - 1}.hour.1`), "");
    const again = await watched({}, first.folder);
    const text = await scraped(again);
    expect(sampleOf(text, "glowworm_damaged_files_total")).toBe(1);
    expect(sampleOf(text, "glowworm_damaged_hours")).toBe(2);
    expect(sampleOf(text, "glowworm_ready")).toBe(1);
    await again.server.stop();
  });
});

describe("the socket of the metrics", () => {
  it("serves them, and nothing else does", async () => {
    const one = await watched();
    const { server, url, own } = one;
    expect(await postTo(url, PATHS.sightings)).toBe(201);
    const scrape = await fetch(`${own}/metrics`);
    expect(scrape.headers.get("content-type")).toContain("text/plain");
    const text = await scrape.text();
    expect(sampleOf(text, "glowworm_store_writable")).toBe(1);
    expect(sampleOf(text, "glowworm_ready")).toBe(1);
    expect(sampleOf(text, "glowworm_store_hours")).toBe(0);
    expect(sampleOf(text, "glowworm_store_bytes")).toBeGreaterThan(1000);
    expect(sampleOf(text, "glowworm_disk_free_bytes")).toBeGreaterThan(0);
    expect(sampleOf(text, "glowworm_commit_records_sum")).toBe(1);
    expect(sampleOf(text, "glowworm_reports_accepted_total")).toBe(1);
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    expect((await fetch(`${own}/v1/hours`)).status).toBe(404);
    await server.stop();
    await expect(fetch(`${own}/metrics`)).rejects.toThrow();
  });
});
