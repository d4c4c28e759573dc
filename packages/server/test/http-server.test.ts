import { type AddressInfo, connect, type Socket } from "node:net";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { SERVER_LIMITS } from "@glowworm/server";
import { describe, expect, it } from "vitest";
import { createHttpServer } from "../src/http/http-server.ts";
import { LOOPBACK, TrustedProxies } from "../src/http/trusted-proxies.ts";
import { crypto, NOON_MS } from "./support/fixtures.ts";

/** More than the buffers between two sockets hold. */
const LARGE = new Uint8Array(64 * 2 ** 20);
const DEPS = {
  limits: { ...SERVER_LIMITS, idleMs: 500 },
  proxies: new TrustedProxies(LOOPBACK),
  clock: new FakeClock(NOON_MS),
  crypto,
  random: seededRandom("http server"),
  loopDelayMs: () => 0,
  onRefused: () => undefined,
};

describe("the HTTP server", () => {
  it("ends a connection whose answer nobody reads", async () => {
    const server = createHttpServer(() => new Response(LARGE), DEPS);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const ended = new Promise<void>((resolve) => {
      server.once("connection", (socket: Socket) => socket.once("close", () => resolve()));
    });
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    client.pause();
    client.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    await ended;
    expect(client.bytesRead).toBeLessThan(LARGE.length);
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it("ends a reader who takes a little again and again, after a minute", async () => {
    const clock = new FakeClock(NOON_MS);
    const limits = { ...DEPS.limits, idleMs: 60_000 };
    const server = createHttpServer(() => new Response(LARGE), { ...DEPS, limits, clock });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    let hasEnded = false;
    const ended = new Promise<void>((resolve) => {
      server.once("connection", (socket: Socket) => {
        socket.once("close", () => {
          hasEnded = true;
          resolve();
        });
      });
    });
    const asked = new Promise((resolve) => server.once("request", resolve));
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    client.on("error", () => undefined).pause();
    client.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    await asked;
    for (let seconds = 5; seconds < 60; seconds += 5) {
      clock.advance(5000);
      client.read(1);
      await new Promise(setImmediate);
    }
    expect(hasEnded).toBe(false);
    clock.advance(5000);
    await ended;
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it("does not end a reader for what was read before", async () => {
    const clock = new FakeClock(NOON_MS);
    const server = createHttpServer(() => new Response("x"), { ...DEPS, clock });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    for (let minute = 0; minute < 5; minute++) {
      client.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
      await new Promise((resolve) => client.once("data", resolve));
      clock.advance(60_000);
      await new Promise(setImmediate);
    }
    expect(client.destroyed).toBe(false);
    client.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("counts each answer of a connection by itself, also when the next request comes before its end", async () => {
    const clock = new FakeClock(NOON_MS);
    const answers: (() => void)[] = [];
    const answer = (): Promise<Response> =>
      new Promise((resolve) => answers.push(() => resolve(new Response("x"))));
    const server = createHttpServer(answer, { ...DEPS, clock });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    client.on("error", () => undefined);
    const ask = (): boolean => client.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    ask();
    for (let count = 0; count < 4; count++) {
      ask();
      await expect.poll(() => answers.length, { interval: 1 }).toBe(count + 2);
      clock.advance(40_000);
      await new Promise(setImmediate);
      expect(client.destroyed).toBe(false);
      const answered = new Promise((resolve) => client.once("data", resolve));
      answers[count]?.();
      await answered;
    }
    clock.advance(60_000);
    await new Promise((resolve) => client.once("close", resolve));
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("gives an upload back to its network when nothing could be stored, and no other upload", async () => {
    let status = 503;
    const limits = { ...DEPS.limits, recordsAtOnce: 64, recordsPerMinute: 1 };
    const server = createHttpServer(() => new Response(null, { status }), { ...DEPS, limits });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/sightings`;
    const upload = async (): Promise<number> => {
      return (await fetch(url, { method: "POST", body: new Uint8Array(64 * 145) })).status;
    };
    for (let n = 0; n < 5; n++) expect(await upload()).toBe(503);
    status = 400;
    expect(await upload()).toBe(400);
    expect(await upload()).toBe(429);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("counts what HEAD would have cost as read", async () => {
    const limits = { ...DEPS.limits, bytesAtOnce: 100_000, bytesPerMinute: 1 };
    const answer = (): Response => {
      return new Response(new Uint8Array(40_000), { headers: { "content-length": "40000" } });
    };
    const server = createHttpServer(answer, { ...DEPS, limits });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const statuses: number[] = [];
    for (let n = 0; n < 4; n++) statuses.push((await fetch(url, { method: "HEAD" })).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("ends the oldest answer when the last place is taken and nobody waits", async () => {
    const limits = { ...DEPS.limits, idleMs: 60_000, connections: 3, requestTimeoutMs: 60_000 };
    const never = (): Promise<Response> => new Promise(() => undefined);
    const server = createHttpServer(never, { ...DEPS, limits });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const ask = async (): Promise<Socket> => {
      const asked = new Promise((resolve) => server.once("request", resolve));
      const client = connect(port, "127.0.0.1").on("error", () => undefined);
      client.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
      await asked;
      return client;
    };
    const first = await ask();
    const gone = new Promise<void>((resolve) => first.once("close", () => resolve()));
    const second = await ask();
    const third = connect(port, "127.0.0.1").on("error", () => undefined);
    await gone;
    expect(second.destroyed).toBe(false);
    for (const client of [second, third]) client.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it("works on two requests of a connection at a time at most", async () => {
    let begun = 0;
    const never = (): Promise<Response> => {
      begun += 1;
      return new Promise(() => undefined);
    };
    const server = createHttpServer(never, DEPS);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    client.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n".repeat(900));
    await new Promise<void>((resolve) => {
      client.on("error", () => undefined).once("close", () => resolve());
    });
    expect(begun).toBe(2);
    await new Promise((resolve) => server.close(resolve));
  });
});
