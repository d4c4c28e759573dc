import { SERVER_LIMITS } from "@glowworm/server";
import { afterEach, describe, expect, it } from "vitest";
import { needs } from "../../../../test/support/needs.ts";
import { ask, honestDuring } from "../support/honest.ts";
import { answerOf, manyRaw, raw } from "../support/raw.ts";
import { runProgram } from "../support/run-program.ts";
import { ServerProcess, UNHARMED } from "../support/server-process.ts";

const { connectionsPerNetwork, connections } = SERVER_LIMITS;
const HONEST = { from: "127.0.3.1" };
const HEAD =
  "POST /v1/sightings HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\ncontent-length: 145\r\n\r\n";

let server: ServerProcess;
afterEach(async () => expect(await server.stop()).toEqual(UNHARMED));

/** A server for which every /24 of loopback is a network like any other. */
async function startServer(): Promise<void> {
  server = await ServerProcess.start({ trustedProxies: [] });
}

describe("idle connections", () => {
  it("of one network hold its share of places and no more", async () => {
    await startServer();
    const idle = await manyRaw(1000, server.port, () => "127.0.2.1");
    let ended = 0;
    for (const { socket } of idle) socket.once("close", () => (ended += 1));
    expect(await honestDuring("idle, one network", server.port, HONEST, Promise.resolve())).toEqual(
      [200, 201],
    );
    expect(ended + idle.filter(({ socket }) => socket.closed).length).toBeGreaterThanOrEqual(
      1000 - connectionsPerNetwork,
    );
    for (const { socket } of idle) socket.destroy();
  });

  it("of forty networks, five thousand, keep nobody out and cost bounded memory", async () => {
    await startServer();
    const { nowMb } = server.memory();
    const crowd = manyRaw(5000, server.port, (index) => `127.0.${10 + (index % 40)}.1`);
    const honest = await honestDuring("idle, 40 networks", server.port, HONEST, crowd);
    expect(honest).toEqual([200, 201]);
    const all = await crowd;
    const open = (): number => all.filter(({ socket }) => !socket.destroyed).length;
    await expect.poll(open, { timeout: 10_000 }).toBeLessThan(connections);
    expect(server.memory().peakMb - nowMb).toBeLessThan(150);
    for (const { socket } of await crowd) socket.destroy();
  });

  it("through a proxy give way to whoever asks", async () => {
    server = await ServerProcess.start();
    const crowd = await manyRaw(2000, server.port);
    const { status } = await ask(server.port, null, { forwardedFor: "192.0.2.1" });
    expect(status).toBe(200);
    for (const { socket } of crowd) socket.destroy();
  });
});

describe("requests in flight", () => {
  it("of one network behind a proxy are as many as its connections might be; others go on", async () => {
    server = await ServerProcess.start();
    const slow = await manyRaw(connectionsPerNetwork, server.port);
    const forwarded = HEAD.replace("host: x", "host: x\r\nx-forwarded-for: 192.0.2.1");
    for (const { socket } of slow) socket.write(forwarded);
    // Its own address, so that it is read after the others.
    await expect
      .poll(async () => (await ask(server.port, null, { forwardedFor: "192.0.2.99" })).status)
      .toBe(429);
    expect((await ask(server.port, null, { forwardedFor: "192.0.3.1" })).status).toBe(200);
    const last = raw(server.port);
    last.socket.write(forwarded);
    await new Promise((resolve) => last.socket.once("data", resolve));
    last.socket.destroy();
    expect(answerOf(await last.answer)).toEqual([429, "rate-limited"]);
    for (const { socket } of slow) socket.destroy();
    await expect
      .poll(async () => (await ask(server.port, null, { forwardedFor: "192.0.2.99" })).status)
      .toBe(200);
  });
});

const peer = needs("slowhttptest");

describe.skipIf(peer.skip)("slowhttptest", () => {
  it.each([
    ["slow headers", ["-H"]],
    ["slow bodies", ["-B", "-f", "application/octet-stream"]],
    ["slow reading", ["-X", "-k", "3"]],
  ])("%s, a thousand connections: others are served", async (name, mode) => {
    server = await ServerProcess.start();
    const url = `http://127.0.0.1:${server.port}/v1/sightings`;
    const rates = ["-c", "1000", "-r", "500", "-i", "1", "-l", "3", "-p", "5", "-u", url];
    const attack = runProgram("slowhttptest", [...mode, ...rates]);
    const honest = { forwardedFor: "192.0.2.1" };
    expect(await honestDuring(`slowhttptest, ${name}`, server.port, honest, attack)).toEqual([
      200, 201,
    ]);
  });
});
