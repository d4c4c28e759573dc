import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { uploadRecords } from "../../../test/support/upload-records.ts";
import { type Outbox, openOutbox, Uploader } from "../src/index.ts";
import { problem, ScriptedServer } from "./support/scripted-server.ts";
import { until } from "./support/until.ts";

const NOW = 1_800_000_000;
const HOUR_MS = 3_600_000;

let folder: string;
let outbox: Outbox;
let server: ScriptedServer;
let clock: FakeClock;
let uploader: Uploader;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "glowworm-uploader-"));
  outbox = openOutbox(folder, seededRandom("outbox")).outbox;
  server = new ScriptedServer();
  clock = new FakeClock(NOW * 1000);
  uploader = uploaderFor(await server.start());
});

afterEach(async () => {
  await server.stop();
  outbox.close();
  rmSync(folder, { recursive: true });
});

function uploaderFor(url: URL): Uploader {
  return new Uploader({ fetch, server: url, outbox, clock, random: seededRandom("uploader") });
}

function fill(count: number): void {
  outbox.add(
    Array.from({ length: count }, (_, n) => {
      const envelope = new Uint8Array(113).fill(n);
      envelope[0] = 1;
      const record = { putId: new Uint8Array(32).fill(n), envelope };
      return { record, notBefore: NOW, heardAt: NOW };
    }),
  );
}

/** Calls until the outbox is empty, an hour apart: more than any wait. */
async function drain(): Promise<void> {
  for (let n = 0; n < 20 && outbox.size > 0; n++) {
    await uploader.step();
    clock.advance(2 * HOUR_MS);
  }
}

describe("an upload", () => {
  it("says what every relay says and nothing of its own", async () => {
    fill(1);
    await uploader.step();
    const [request] = server.seen;
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
    uploader = uploaderFor(new URL("below/", await baseUrl()));
    fill(1);
    await uploader.step();
    expect(server.seen[0]?.path).toBe("/below/v1/sightings");
  });

  it("takes a connection of its own for each batch of up to 64", async () => {
    fill(150);
    await uploader.step();
    expect(server.seen.map(({ body }) => body.length / 145)).toEqual([64, 64, 22]);
    expect(new Set(server.seen.map(({ port }) => port)).size).toBe(3);
    expect(new Set(server.records.map(({ putId }) => putId[0])).size).toBe(150);
    expect(outbox.size).toBe(0);
    expect(uploader.uploaded).toBe(150);
    expect(uploader.state).toBe("accepting");
  });

  it("leaves a long backlog for the next step", async () => {
    fill(64 * 9);
    await uploader.step();
    expect(server.seen.length).toBe(8);
    await uploader.step();
    expect(outbox.size).toBe(0);
  });
});

async function baseUrl(): Promise<URL> {
  const other = new ScriptedServer();
  await server.stop();
  server = other;
  return other.start();
}

describe("an answer that is not a yes", () => {
  it("lost after the server took the batch: the same records come again, and once more is enough", async () => {
    fill(3);
    server.script = (_request, response) => response.destroy();
    await uploader.step();
    expect(uploader.state).toBe("unreachable");
    expect(outbox.size).toBe(3);
    server.script = (_request, response) => response.writeHead(201).end();
    await drain();
    expect(server.seen.length).toBe(2);
    expect(server.seen[1]?.body).toEqual(server.seen[0]?.body);
    expect(uploader.uploaded).toBe(3);
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
    fill(2);
    server.script = (_request, response) => {
      response.writeHead(status, { location: "/v1/sightings", "content-type": "text/html" });
      response.end();
    };
    await uploader.step();
    expect(outbox.size).toBe(2);
    expect(server.seen.length).toBe(1);
    expect(uploader.state).toBe(state);
  });

  it.each([
    ["not-found", 404],
    ["method-not-allowed", 405],
    ["unsupported-media-type", 415],
    ["rate-limited", 429],
    ["a-code-of-tomorrow", 400],
  ])("a problem %s that is not about the records: keeps everything", async (code, status) => {
    fill(2);
    server.script = (_request, response) => problem(response, status, code);
    await uploader.step();
    expect(outbox.size).toBe(2);
    expect(server.seen.length).toBe(1);
  });

  it("too large: halves until it fits", async () => {
    fill(64);
    server.script = ({ body }, response) => {
      if (body.length > 16 * 145) problem(response, 413, "body-too-large");
      else response.writeHead(201).end();
    };
    await uploader.step();
    expect(outbox.size).toBe(0);
    expect(uploader.uploaded).toBe(64);
    expect(uploader.refused).toBe(0);
  });

  it("a refusal because of two records: drops these two, counts them, and brings the rest", async () => {
    fill(64);
    server.script = (request, response) => {
      const ids = Array.from(
        { length: request.body.length / 145 },
        (_, n) => request.body[n * 145],
      );
      if (ids.some((id) => id === 5 || id === 50)) problem(response, 400, "unsupported-version");
      else response.writeHead(201).end();
    };
    await uploader.step();
    expect(outbox.size).toBe(0);
    expect(uploader.uploaded).toBe(62);
    expect(uploader.refused).toBe(2);
    expect(server.seen.length).toBeLessThanOrEqual(2 * 2 * 6 + 1);
  });

  it("too many of one id: brings the others past it, not before the time the server named", async () => {
    fill(60);
    server.script = ({ body }, response) => {
      const isCapped = uploadRecords(body).some(({ putId }) => putId[0] === 7);
      if (isCapped) response.setHeader("retry-after", "3600");
      if (isCapped) problem(response, 429, "id-capped");
      else response.writeHead(201).end();
    };
    await uploader.step();
    await uploader.step();
    expect(server.seen).toHaveLength(1);
    for (let n = 0; n < 50 && outbox.size > 1; n++) {
      clock.advance(2 * HOUR_MS);
      await uploader.step();
    }
    expect(uploader.uploaded).toBe(59);
    expect(outbox.due(NOW, 64).map(({ record }) => record.putId[0])).toEqual([7]);
  });

  it("too much from this network: sends the same batch again, whole, at the time the server named", async () => {
    fill(60);
    server.script = (_request, response) => {
      response.setHeader("retry-after", "60");
      problem(response, 429, "rate-limited");
    };
    for (let hour = 1; hour <= 8; hour++) {
      await uploader.step();
      await uploader.step();
      expect(server.seen).toHaveLength(hour);
      clock.advance(HOUR_MS);
    }
    expect(new Set(server.seen.map(({ body }) => body.length))).toEqual(new Set([60 * 145]));
  });

  it("a fault in the middle of halving: keeps what has no answer yet", async () => {
    fill(4);
    server.script = (_request, response) => {
      if (server.seen.length === 1) problem(response, 400, "bad-length");
      else if (server.seen.length === 2) response.writeHead(201).end();
      else response.writeHead(503).end();
    };
    await uploader.step();
    expect(outbox.size).toBe(2);
    expect(uploader.refused).toBe(0);
    expect(uploader.state).toBe("busy");
  });

  it("garbage instead of HTTP: keeps everything", async () => {
    fill(1);
    server.script = (_request, response) => response.socket?.end("\u0000\u0001garbage\r\n\r\n");
    await uploader.step();
    expect(outbox.size).toBe(1);
    expect(uploader.state).toBe("unreachable");
  });

  it("endless: is cut off after a few kilobytes", async () => {
    fill(1);
    let sent = 0;
    server.script = (_request, response) => {
      response.writeHead(400, { "content-type": "application/problem+json" });
      const more = (): void => {
        while (!response.destroyed && sent < 1e9 && response.write("x".repeat(65_536)))
          sent += 65_536;
      };
      response.on("drain", more);
      more();
    };
    await uploader.step();
    expect(outbox.size).toBe(1);
    expect(sent).toBeLessThan(20e6);
  });

  it.each([
    ["never begun", () => {}],
    [
      "never ended",
      (_: unknown, response: { write: (text: string) => void }) => response.write("{"),
    ],
  ])("%s: is given up after ten seconds", async (_case, script) => {
    fill(1);
    server.script = (request, response) => {
      response.statusCode = 400;
      script(request, response);
    };
    const step = uploader.step();
    await until(() => server.seen.length === 1);
    clock.advance(10_000);
    await step;
    expect(uploader.state).toBe("unreachable");
    expect(outbox.size).toBe(1);
  });

  it("nobody there: keeps everything", async () => {
    fill(1);
    await server.stop();
    await uploader.step();
    expect(uploader.state).toBe("unreachable");
    expect(outbox.size).toBe(1);
    server = new ScriptedServer();
    await server.start();
  });
});

/** Milliseconds, in steps of a second, until the uploader tries again. */
async function waitMs(limit: number): Promise<number> {
  const before = server.seen.length;
  for (let waited = 0; waited <= limit; waited += 1000) {
    await uploader.step();
    if (server.seen.length > before) return waited;
    clock.advance(1000);
  }
  return Number.POSITIVE_INFINITY;
}

describe("waiting", () => {
  it("grows with every failure, at random below a ceiling that doubles, and ends with a yes", async () => {
    fill(1);
    server.script = (_request, response) => response.writeHead(500).end();
    await uploader.step();
    const waits: number[] = [];
    for (let ceiling = 2000; ceiling <= 64_000; ceiling *= 2) {
      const wait = await waitMs(ceiling + 1000);
      expect(wait).toBeLessThanOrEqual(ceiling + 1000);
      waits.push(wait);
    }
    expect(Math.max(...waits)).toBeGreaterThan(4000);
    server.script = (_request, response) => response.writeHead(201).end();
    await drain();
    fill(1);
    server.script = (_request, response) => response.writeHead(500).end();
    await uploader.step();
    expect(await waitMs(3000)).toBeLessThanOrEqual(3000);
  });

  it.each([
    ["in seconds", "120", 120_000],
    ["as a date", new Date(NOW * 1000 + 120_000).toUTCString(), 120_000],
    ["of more than an hour, bounded to it", "999999", HOUR_MS],
  ])("is as long as the server asks: %s", async (_case, retryAfter, expected) => {
    fill(1);
    server.script = (_request, response) =>
      response.writeHead(503, { "retry-after": retryAfter }).end();
    await uploader.step();
    const wait = await waitMs(expected + 20_000);
    expect(wait).toBeGreaterThanOrEqual(expected);
    expect(wait).toBeLessThanOrEqual(expected + 11_000);
  });

  it.each(["-5", "soon", ""])("takes no nonsense for a wait: %j", async (retryAfter) => {
    fill(1);
    server.script = (_request, response) =>
      response.writeHead(503, { "retry-after": retryAfter }).end();
    await uploader.step();
    expect(await waitMs(3000)).toBeLessThanOrEqual(3000);
  });
});
