import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { uploadRecords } from "../../../test/support/upload-records.ts";
import { problem } from "./support/scripted-server.ts";
import { until } from "./support/until.ts";
import { HOUR_MS, NOW, UploaderScene } from "./support/uploader-scene.ts";

let scene: UploaderScene;
beforeEach(async () => {
  scene = await UploaderScene.open();
});
afterEach(() => scene.close());

describe("an answer that is not a yes", () => {
  it("lost after the server took the batch: the same records come again, and once more is enough", async () => {
    scene.fill(3);
    scene.server.script = (_request, response) => response.destroy();
    await scene.uploader.step();
    expect(scene.uploader.state).toBe("unreachable");
    expect(scene.outbox.size).toBe(3);
    scene.server.script = (_request, response) => response.writeHead(201).end();
    await scene.drain();
    expect(scene.server.seen.length).toBe(2);
    expect(scene.server.seen[1]?.body).toEqual(scene.server.seen[0]?.body);
    expect(scene.uploader.uploaded).toBe(3);
  });

  it.each([
    ["429", 429, "busy"],
    ["503", 503, "busy"],
    ["500", 500, "failing"],
    ["502", 502, "failing"],
    ["408", 408, "failing"],
    ["200, as a portal answers", 200, "wrong-server"],
    ["204", 204, "wrong-server"],
    ["301", 301, "wrong-server"],
    ["307", 307, "wrong-server"],
    ["400 without a problem", 400, "wrong-server"],
    ["401", 401, "wrong-server"],
    ["403", 403, "wrong-server"],
    ["404", 404, "wrong-server"],
    ["405", 405, "wrong-server"],
    ["413 without a problem, as a proxy answers", 413, "wrong-server"],
    ["415", 415, "wrong-server"],
  ] as const)("%s: keeps everything and says so", async (_case, status, state) => {
    scene.fill(2);
    scene.server.script = (_request, response) => {
      response.writeHead(status, { location: "/v1/sightings", "content-type": "text/html" });
      response.end();
    };
    await scene.uploader.step();
    expect(scene.outbox.size).toBe(2);
    expect(scene.server.seen.length).toBe(1);
    expect(scene.uploader.state).toBe(state);
  });

  it.each([
    ["not-found", 404],
    ["method-not-allowed", 405],
    ["unsupported-media-type", 415],
    ["rate-limited", 429],
    ["a-code-of-tomorrow", 400],
  ])("a problem %s that is not about the records: keeps everything", async (code, status) => {
    scene.fill(2);
    scene.server.script = (_request, response) => problem(response, status, code);
    await scene.uploader.step();
    expect(scene.outbox.size).toBe(2);
    expect(scene.server.seen.length).toBe(1);
  });

  it("too large: halves until it fits", async () => {
    scene.fill(64);
    scene.server.script = ({ body }, response) => {
      if (body.length > 16 * 145) problem(response, 413, "body-too-large");
      else response.writeHead(201).end();
    };
    await scene.uploader.step();
    expect(scene.outbox.size).toBe(0);
    expect(scene.uploader.uploaded).toBe(64);
    expect(scene.uploader.refused).toBe(0);
  });

  it("a refusal because of two records: drops these two, counts them, and brings the rest", async () => {
    scene.fill(64);
    scene.server.script = (request, response) => {
      const ids = Array.from(
        { length: request.body.length / 145 },
        (_, n) => request.body[n * 145],
      );
      if (ids.some((id) => id === 5 || id === 50)) problem(response, 400, "unsupported-version");
      else response.writeHead(201).end();
    };
    await scene.uploader.step();
    expect(scene.outbox.size).toBe(0);
    expect(scene.uploader.uploaded).toBe(62);
    expect(scene.uploader.refused).toBe(2);
    expect(scene.server.seen.length).toBeLessThanOrEqual(2 * 2 * 6 + 1);
  });

  it("too many of one id: brings the others past it, not before the time the server named", async () => {
    scene.fill(60);
    scene.server.script = ({ body }, response) => {
      const isCapped = uploadRecords(body).some(({ putId }) => putId[0] === 7);
      if (isCapped) response.setHeader("retry-after", "3600");
      if (isCapped) problem(response, 429, "id-capped");
      else response.writeHead(201).end();
    };
    await scene.uploader.step();
    await scene.uploader.step();
    expect(scene.server.seen).toHaveLength(1);
    for (let n = 0; n < 50 && scene.outbox.size > 1; n++) {
      scene.clock.advance(2 * HOUR_MS);
      await scene.uploader.step();
    }
    expect(scene.uploader.uploaded).toBe(59);
    expect(scene.outbox.due(NOW, 64).map(({ record }) => record.putId[0])).toEqual([7]);
  });

  it("too much from this network: sends the same batch again, whole, at the time the server named", async () => {
    scene.fill(60);
    scene.server.script = (_request, response) => {
      response.setHeader("retry-after", "60");
      problem(response, 429, "rate-limited");
    };
    for (let hour = 1; hour <= 8; hour++) {
      await scene.uploader.step();
      await scene.uploader.step();
      expect(scene.server.seen).toHaveLength(hour);
      scene.clock.advance(HOUR_MS);
    }
    expect(new Set(scene.server.seen.map(({ body }) => body.length))).toEqual(new Set([60 * 145]));
  });

  it("a fault in the middle of halving: keeps what has no answer yet", async () => {
    scene.fill(4);
    scene.server.script = (_request, response) => {
      if (scene.server.seen.length === 1) problem(response, 400, "bad-length");
      else if (scene.server.seen.length === 2) response.writeHead(201).end();
      else response.writeHead(503).end();
    };
    await scene.uploader.step();
    expect(scene.outbox.size).toBe(2);
    expect(scene.uploader.refused).toBe(0);
    expect(scene.uploader.state).toBe("busy");
  });

  it("garbage instead of HTTP: keeps everything", async () => {
    scene.fill(1);
    scene.server.script = (_request, response) =>
      response.socket?.end("\u0000\u0001garbage\r\n\r\n");
    await scene.uploader.step();
    expect(scene.outbox.size).toBe(1);
    expect(scene.uploader.state).toBe("unreachable");
  });

  it("endless: is cut off after a few kilobytes", async () => {
    scene.fill(1);
    let sent = 0;
    scene.server.script = (_request, response) => {
      response.writeHead(400, { "content-type": "application/problem+json" });
      const more = (): void => {
        while (!response.destroyed && sent < 1e9 && response.write("x".repeat(65_536)))
          sent += 65_536;
      };
      response.on("drain", more);
      more();
    };
    await scene.uploader.step();
    expect(scene.outbox.size).toBe(1);
    expect(sent).toBeLessThan(20e6);
  });

  it.each([
    ["never begun", () => {}],
    [
      "never ended",
      (_: unknown, response: { write: (text: string) => void }) => response.write("{"),
    ],
  ])("%s: is given up after ten seconds", async (_case, script) => {
    scene.fill(1);
    scene.server.script = (request, response) => {
      response.statusCode = 400;
      script(request, response);
    };
    const step = scene.uploader.step();
    await until(() => scene.server.seen.length === 1);
    scene.clock.advance(10_000);
    await step;
    expect(scene.uploader.state).toBe("unreachable");
    expect(scene.outbox.size).toBe(1);
  });

  it("nobody there: keeps everything", async () => {
    scene.fill(1);
    await scene.server.stop();
    await scene.uploader.step();
    expect(scene.uploader.state).toBe("unreachable");
    expect(scene.outbox.size).toBe(1);
  });
});
