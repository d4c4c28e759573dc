import { systemClock } from "@glowworm/platform";
import { encodeUploadBatch, PATHS } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { Metrics, Server } from "@glowworm/server";
import { describe, expect, it } from "vitest";
import { everyAnswer, filledApp } from "./support/every-answer.ts";
import { crypto, someUpload, temporaryFolder } from "./support/fixtures.ts";
import type { TestApp } from "./support/test-app.ts";

const random = seededRandom("metrics");
const GAUGES = { isWritable: true, isReady: true, hours: 1, bytes: 5, freeBytes: null };

/** Every label our metrics may have, and what it may say. */
const LABELS: Readonly<Record<string, RegExp>> = {
  route:
    /^(?:other|\/(?:about|healthz|readyz|openapi\.json)|\/v1\/[a-z]+(?:\/(?::[a-z]+|[a-z]+))*)$/,
  status: /^[2345]xx$/,
  code: /^(?:stored|[a-z]+(?:-[a-z]+)*)$/,
  le: /^(?:[0-9.]+|\+Inf)$/,
};

async function textOf(metrics: Metrics): Promise<string> {
  return (await metrics.render(GAUGES)).text;
}

/** Name, labels and value of every sample. */
function samplesOf(text: string): { name: string; labels: [string, string][]; value: number }[] {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => {
    const [, name = "", labels = "", value = ""] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)];
    return {
      name,
      labels: pairs.map(([, label = "", said = ""]) => [label, said]),
      value: Number(value.replace("Nan", "NaN")),
    };
  });
}

function sampleOf(text: string, series: string): number | null {
  const line = text.split("\n").find((one) => one.startsWith(`${series} `));
  return line === undefined ? null : Number(line.slice(series.length + 1));
}

async function readTimes(app: TestApp, path: string, times: number): Promise<void> {
  for (let read = 0; read < times; read++) await app.get(path);
}

describe("metrics", () => {
  it("count uploads by result, and reports that were accepted", async () => {
    const { app, store } = await filledApp();
    const uploads = [someUpload(random), someUpload(random)];
    await app.upload(uploads);
    await app.upload(uploads);
    await app.uploadBytes(random.bytes(144));
    const text = await textOf(app.metrics);
    expect(sampleOf(text, "glowworm_reports_accepted_total")).toBe(4);
    expect(sampleOf(text, 'glowworm_uploads_total{code="stored"}')).toBe(2);
    expect(sampleOf(text, 'glowworm_uploads_total{code="bad-length"}')).toBe(1);
    expect(sampleOf(text, "glowworm_queue_records")).toBe(0);
    await store.close();
  });

  it("have fixed words as labels, whatever is asked for", async () => {
    const { app, store } = await filledApp();
    const paths = ["/planted", "/v1/open/7777", "/v1/hours/4242/pages/99", "/about?planted=1"];
    for (const path of paths) await readTimes(app, path, 64);
    await app.app.request("/about", { headers: { "user-agent": "planted" } });
    await app.app.request("/planted", { method: "PLANTED" });
    await app.upload([someUpload(random)]);
    const text = await textOf(app.metrics);
    const samples = samplesOf(text);
    expect(samples.length).toBeGreaterThan(50);
    for (const { labels } of samples) {
      for (const [label, said] of labels) expect(said).toMatch(LABELS[label] ?? /no such label/);
    }
    for (const trace of ["planted", "PLANTED", "7777", "4242", "192.0.2"]) {
      expect(text).not.toContain(trace);
    }
    await store.close();
  });

  it("have as many series as there are routes and answers, however much is asked", async () => {
    const { app, store } = await filledApp();
    const series = async (): Promise<number> => samplesOf(await textOf(app.metrics)).length;
    for (let path = 0; path < 8; path++) await app.get(`/nowhere/${path}`);
    const once = await series();
    for (let path = 8; path < 200; path++) await app.get(`/nowhere/${path}`);
    expect(await series()).toBe(once);
    await store.close();
  });

  it("show what owners fetch in steps of 64, so that no single read can be dated", async () => {
    const { app, store } = await filledApp();
    const hours = 'glowworm_http_request_seconds_count{route="/v1/hours",status="2xx"}';
    await readTimes(app, PATHS.hours, 63);
    expect(sampleOf(await textOf(app.metrics), hours)).toBeNull();
    await readTimes(app, PATHS.hours, 1);
    expect(sampleOf(await textOf(app.metrics), hours)).toBe(64);
    await readTimes(app, PATHS.hours, 65);
    expect(sampleOf(await textOf(app.metrics), hours)).toBe(128);
    const about = 'glowworm_http_request_seconds_count{route="/about",status="2xx"}';
    await readTimes(app, PATHS.about, 1);
    expect(sampleOf(await textOf(app.metrics), about)).toBe(1);
    await store.close();
  });

  it("know no route but those of the contract", async () => {
    const exchanges = await everyAnswer();
    expect(exchanges.length).toBeGreaterThan(0);
    const { app, store } = await filledApp();
    for (const { method, path } of exchanges) {
      if (method === "get") await readTimes(app, path, 64);
    }
    const routes = samplesOf(await textOf(app.metrics)).flatMap(({ labels }) =>
      labels.filter(([label]) => label === "route").map(([, said]) => said),
    );
    // The other ones are asked for tokens, which a public server does not have.
    expect([...new Set(routes)].sort()).toEqual([
      "/about",
      "/healthz",
      "/openapi.json",
      "/readyz",
      "/v1/hours",
      "/v1/hours/:hour/filter",
      "/v1/hours/:hour/manifest",
      "/v1/hours/:hour/pages/:page",
      "/v1/open/:segment",
      "other",
    ]);
    await store.close();
  });
});

describe("the socket of the metrics", () => {
  it("serves them, and nothing else does", async () => {
    const entries: { event: string; url: unknown }[] = [];
    const metrics = new Metrics();
    const server = new Server({
      clock: systemClock,
      random,
      crypto,
      dataFolder: temporaryFolder(),
      host: "127.0.0.1",
      port: 0,
      retentionDays: 30,
      metrics: { host: "127.0.0.1", port: 0, of: metrics },
      log: ({ event, facts }) => entries.push({ event, url: facts?.["url"] }),
    });
    const { url } = await server.start();
    const own = String(entries.find(({ event }) => event === "metrics-listening")?.url);
    const body = encodeUploadBatch([someUpload(random)]) as Uint8Array<ArrayBuffer>;
    const headers = { "content-type": "application/octet-stream" };
    const stored = await fetch(url + PATHS.sightings, { method: "POST", headers, body });
    expect(stored.status).toBe(201);
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
