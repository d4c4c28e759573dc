import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HOUR_MS, NOW, UploaderScene } from "./support/uploader-scene.ts";

let scene: UploaderScene;
beforeEach(async () => {
  scene = await UploaderScene.open();
});
afterEach(() => scene.close());

describe("an upload", () => {
  it("says what every relay says and nothing of its own", async () => {
    scene.fill(1);
    await scene.uploader.step();
    const [request] = scene.server.seen;
    expect(request?.method).toBe("POST");
    expect(request?.path).toBe("/v1/sightings");
    expect(request?.headers["content-type"]).toBe("application/octet-stream");
    expect(request?.headers["user-agent"]).toBe("glowworm");
    expect(Object.keys(request?.headers ?? {}).sort()).toEqual([
      "accept",
      "accept-encoding",
      "accept-language",
      "connection",
      "content-length",
      "content-type",
      "host",
      "sec-fetch-mode",
      "user-agent",
    ]);
  });

  it("keeps the path of a server that lives below one", async () => {
    await scene.close();
    scene = await UploaderScene.open("below/");
    scene.fill(1);
    await scene.uploader.step();
    expect(scene.server.seen[0]?.path).toBe("/below/v1/sightings");
  });

  it("takes a connection of its own for each batch of up to 64", async () => {
    scene.fill(150);
    await scene.uploader.step();
    expect(scene.server.seen.map(({ body }) => body.length / 145)).toEqual([64, 64, 22]);
    expect(new Set(scene.server.seen.map(({ port }) => port)).size).toBe(3);
    expect(new Set(scene.server.records.map(({ putId }) => putId[0])).size).toBe(150);
    expect(scene.outbox.size).toBe(0);
    expect(scene.uploader.uploaded).toBe(150);
    expect(scene.uploader.state).toBe("accepting");
  });

  it("leaves a long backlog for the next step", async () => {
    scene.fill(64 * 9);
    await scene.uploader.step();
    expect(scene.server.seen.length).toBe(8);
    await scene.uploader.step();
    expect(scene.outbox.size).toBe(0);
  });
});

describe("waiting", () => {
  it("grows with every failure, at random below a ceiling that doubles, and ends with a yes", async () => {
    scene.fill(1);
    scene.server.script = (_request, response) => response.writeHead(500).end();
    await scene.uploader.step();
    const waits: number[] = [];
    for (let ceiling = 2000; ceiling <= 64_000; ceiling *= 2) {
      const wait = await scene.waitMs(ceiling + 1000);
      expect(wait).toBeLessThanOrEqual(ceiling + 1000);
      waits.push(wait);
    }
    expect(Math.max(...waits)).toBeGreaterThan(4000);
    scene.server.script = (_request, response) => response.writeHead(201).end();
    await scene.drain();
    scene.fill(1);
    scene.server.script = (_request, response) => response.writeHead(500).end();
    await scene.uploader.step();
    expect(await scene.waitMs(3000)).toBeLessThanOrEqual(3000);
  });

  it.each([
    ["in seconds", "120", 120_000],
    ["as a date", new Date(NOW * 1000 + 120_000).toUTCString(), 120_000],
    ["of more than an hour, bounded to it", "999999", HOUR_MS],
  ])("is as long as the server asks: %s", async (_case, retryAfter, expected) => {
    scene.fill(1);
    scene.server.script = (_request, response) =>
      response.writeHead(503, { "retry-after": retryAfter }).end();
    await scene.uploader.step();
    const wait = await scene.waitMs(expected + 20_000);
    expect(wait).toBeGreaterThanOrEqual(expected);
    expect(wait).toBeLessThanOrEqual(expected + 11_000);
  });

  it.each(["-5", "soon", ""])("takes no nonsense for a wait: %j", async (retryAfter) => {
    scene.fill(1);
    scene.server.script = (_request, response) =>
      response.writeHead(503, { "retry-after": retryAfter }).end();
    await scene.uploader.step();
    expect(await scene.waitMs(3000)).toBeLessThanOrEqual(3000);
  });
});
