import { PATHS } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import type { Metrics } from "@glowworm/server";
import { describe, expect, it } from "vitest";
import { everyAnswer, filledApp } from "./support/every-answer.ts";
import { someUpload } from "./support/fixtures.ts";
import { resultsOf, sampleOf, samplesOf } from "./support/samples.ts";
import type { TestApp } from "./support/test-app.ts";

const random = seededRandom("metrics");
const GAUGES = {
  isWritable: true,
  isReady: true,
  hours: 1,
  bytes: 5,
  freeBytes: null,
  damagedHours: 0,
};

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
    expect(resultsOf(text)).toEqual(["stored", "bad-length"]);
    await store.close();
  });

  it("take nothing for an upload that brings no reports", async () => {
    const { app, store } = await filledApp();
    await app.get(PATHS.sightings);
    await app.app.request(PATHS.tokens, { method: "POST", body: "x" });
    await app.app.request("/nowhere", { method: "POST", body: "x" });
    expect(resultsOf(await textOf(app.metrics))).toEqual([]);
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
