import { readdirSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { systemClock } from "@glowworm/platform";
import {
  encodeUploadBatch,
  type HoursList,
  PATHS,
  segmentOf,
  type UploadRecord,
} from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { type LogEntry, Server, type ServerOptions } from "@glowworm/server";
import { describe, expect, it, vi } from "vitest";
import { crypto, NOON_MS, SEGMENT_MS, someUpload, temporaryFolder } from "./support/fixtures.ts";

const random = seededRandom("server");
const HEAD =
  "POST /v1/sightings HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\ncontent-length: 145\r\n\r\n";

interface Running {
  readonly server: Server;
  readonly url: string;
  readonly folder: string;
  readonly said: string[];
}

async function startServer(options: Partial<ServerOptions> = {}): Promise<Running> {
  const folder = temporaryFolder();
  const said: string[] = [];
  const server = new Server({
    clock: new FakeClock(NOON_MS),
    random,
    crypto,
    dataFolder: folder,
    host: "127.0.0.1",
    port: 0,
    retentionDays: 30,
    log: (entry) => said.push(JSON.stringify(entry)),
    ...options,
  });
  const { url } = await server.start();
  return { server, url, folder, said };
}

async function upload(
  url: string,
  batch: readonly UploadRecord[] = [someUpload(random)],
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return await fetch(url + PATHS.sightings, {
    method: "POST",
    headers: {
      "content-type": "application/octet-stream",
      "user-agent": "planted-agent/1",
      ...headers,
    },
    body: encodeUploadBatch(batch) as Uint8Array<ArrayBuffer>,
  });
}

/** A raw connection, and everything it is sent until it ends. */
function converse(url: string): { socket: Socket; answer: Promise<string> } {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  const answer = new Promise<string>((resolve) => {
    let text = "";
    socket.setEncoding("latin1");
    socket.on("data", (part: string) => {
      text += part;
    });
    socket.on("error", () => resolve(text));
    socket.on("close", () => resolve(text));
  });
  return { socket, answer };
}

describe("a server", () => {
  it("publishes what was uploaded, on the time of the clock it was given", async () => {
    const clock = new FakeClock(NOON_MS + 7000);
    const { server, url } = await startServer({ clock });
    expect((await upload(url)).status).toBe(201);
    expect(await server.step()).toBe(SEGMENT_MS - 7000);
    clock.advance(SEGMENT_MS - 7000);
    expect(await server.step()).toBe(SEGMENT_MS);
    const list = (await (await fetch(url + PATHS.hours)).json()) as HoursList;
    const noon = segmentOf(NOON_MS / 1000);
    expect(list.open).toEqual({ first: noon, last: noon });
    const segment = await fetch(url + PATHS.segment(noon));
    expect(segment.headers.get("etag")).toBeNull();
    expect((await segment.arrayBuffer()).byteLength).toBe(266);
    await server.stop();
  });

  it("caps an id by the network in front of a proxy on this machine", async () => {
    const { server, url } = await startServer();
    const { putId } = someUpload(random);
    const batch = Array.from({ length: 64 }, () => ({ ...someUpload(random), putId }));
    const from = async (address: string): Promise<number> =>
      (await upload(url, batch, { "x-forwarded-for": address })).status;
    expect(await from("192.0.2.1")).toBe(201);
    expect(await from("192.0.2.99")).toBe(429);
    expect(await from("198.51.100.1")).toBe(201);
    await server.stop();
  });

  it("listens on IPv6 and says so in brackets", async () => {
    const { server, url } = await startServer({ host: "::1" });
    expect(url).toMatch(/^http:\/\/\[::1\]:[0-9]+$/);
    expect((await fetch(url + PATHS.health)).status).toBe(200);
    await server.stop();
  });

  it("names the address when it is taken, and lets go of its folder", async () => {
    const first = await startServer();
    const folder = temporaryFolder();
    const port = Number(new URL(first.url).port);
    await expect(startServer({ port, dataFolder: folder })).rejects.toMatchObject({
      exit: "failure",
    });
    const second = await startServer({ dataFolder: folder });
    await second.server.stop();
    await first.server.stop();
  });

  it("answers a request that is in flight when it stops, then closes the connection", async () => {
    const { server, url } = await startServer({ clock: systemClock });
    const { socket, answer } = converse(url);
    socket.write(HEAD.replace("\r\n\r\n", "\r\nexpect: 100-continue\r\n\r\n"));
    await new Promise((resolve) => socket.once("data", resolve));
    const stopping = server.stop();
    socket.write(encodeUploadBatch([someUpload(random)]));
    const text = await answer;
    await stopping;
    expect(text).toContain("201 Created");
    expect(text.toLowerCase()).toContain("connection: close");
    await expect(fetch(url + PATHS.health)).rejects.toThrow();
  });

  it("stops within ten seconds though somebody never ends his request", async () => {
    const clock = new FakeClock(NOON_MS);
    const { server, url } = await startServer({ clock });
    const { socket, answer } = converse(url);
    socket.write(HEAD.replace("\r\n\r\n", "\r\nexpect: 100-continue\r\n\r\n"));
    await new Promise((resolve) => socket.once("data", resolve));
    const stopping = server.stop();
    clock.advance(9000);
    await stopping;
    // Not the 408 that a request gets after ten seconds.
    expect(await answer).not.toContain("408");
  });

  it("answers a body that comes too slowly with 408 and a problem document", async () => {
    const { server, url } = await startServer();
    const { socket, answer } = converse(url);
    socket.write(`${HEAD}slow`);
    const text = await answer;
    expect(text).toContain("HTTP/1.1 408 Request Timeout");
    expect(text).toContain('"code":"request-timeout"');
    await server.stop();
  });

  it("ends a connection that asks on and on without waiting for answers, and serves others", async () => {
    const { server, url } = await startServer();
    const greedy = converse(url);
    greedy.socket.write("GET /about HTTP/1.1\r\nhost: x\r\n\r\n".repeat(500));
    expect((await greedy.answer).split("HTTP/1.1 200").length - 1).toBeLessThanOrEqual(2);
    expect((await fetch(url + PATHS.health)).status).toBe(200);
    await server.stop();
  });

  it("answers hundreds of requests on one connection when each waits for its answer", async () => {
    const { server, url } = await startServer();
    const { socket } = converse(url);
    for (let count = 0; count < 300; count++) {
      const answered = new Promise<string>((resolve) => socket.once("data", resolve));
      socket.write("HEAD /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
      expect(await answered).toContain("200 OK");
    }
    socket.destroy();
    await server.stop();
  });

  it("refuses what is no HTTP, and headers above 8 KiB", async () => {
    const { server, url } = await startServer();
    const noise = converse(url);
    noise.socket.write("\x00\x01\x02 nonsense\r\n\r\n");
    expect(await noise.answer).toContain("400 Bad Request");
    const large = converse(url);
    large.socket.write(`GET / HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(10_000)}\r\n\r\n`);
    expect(await large.answer).toContain("431 Request Header Fields Too Large");
    await server.stop();
  });

  it("says nothing about uploads that are cut off, however many", async () => {
    const prints = [
      vi.spyOn(console, "error"),
      vi.spyOn(console, "info"),
      vi.spyOn(process.stderr, "write"),
    ];
    const { server, url, said } = await startServer({ clock: systemClock });
    for (let attempt = 0; attempt < 50; attempt++) {
      const { socket, answer } = converse(url);
      socket.write(`${HEAD}part of a body`, () => socket.resetAndDestroy());
      await answer;
    }
    expect((await upload(url)).status).toBe(201);
    await server.stop();
    expect(prints.map((print) => print.mock.calls.length)).toEqual([0, 0, 0]);
    expect(said.map((entry) => (JSON.parse(entry) as LogEntry).event)).toEqual([
      "listening",
      "stopping",
      "stopped",
    ]);
    vi.restoreAllMocks();
  });

  it("leaves no address and no user agent in its folder or its log", async () => {
    const { server, url, folder, said } = await startServer();
    for (let count = 0; count < 20; count++) await upload(url);
    await fetch(url + PATHS.segment(1), { headers: { "user-agent": "planted-agent/1" } });
    await server.step();
    const bytes = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
    await server.stop();
    expect(bytes.length).toBeGreaterThan(1);
    // It does say where it listens itself.
    const talk = said.join("\n").replaceAll(url, "");
    for (const trace of ["127.0.0", "planted-agent"]) {
      expect(bytes.some((content) => content.includes(trace))).toBe(false);
      expect(talk).not.toContain(trace);
    }
  });
});
