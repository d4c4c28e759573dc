import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Glowworm } from "./support/glowworm.ts";

const LIMIT_MS = 10_000;

let folder: string;
let server: Glowworm;
let port: number;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "glowworm-stop-"));
  const words = ["server", "run", "--listen", "127.0.0.1:0", "--data", folder];
  server = new Glowworm(words);
  const [, text] = await server.line(/listening on http:\/\/127\.0\.0\.1:(\d+)/);
  port = Number(text);
});
afterEach(async () => {
  await server.stop("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** A connection with an upload on it that has begun: the server waits for the rest of its body. */
async function beginUpload(): Promise<{ socket: Socket; answer: Promise<string> }> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.setEncoding("latin1").on("data", (part: string) => {
    text += part;
  });
  const answer = new Promise<string>((resolve) => socket.on("close", () => resolve(text)));
  socket.on("error", () => undefined);
  socket.write(
    "POST /v1/sightings HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\n" +
      "content-length: 145\r\nexpect: 100-continue\r\n\r\n",
  );
  await once(socket, "data");
  return { socket, answer };
}

describe("a server that is told to stop", () => {
  it("answers what is in flight, says so, and ends well", async () => {
    const { socket, answer } = await beginUpload();
    const ended = server.stop("SIGTERM");
    await server.line(/stopping/);
    const record = randomBytes(145);
    record[32] = 1;
    socket.write(record);
    expect(await answer).toContain("201 Created");
    expect(await ended).toBe(0);
    await server.line(/server: stopped/);
  });

  it("does not wait for who never ends a request", async () => {
    const { answer } = await beginUpload();
    const began = performance.now();
    expect(await server.stop("SIGTERM")).toBe(0);
    // The one limit on time that is a promise: whoever started it kills it after this.
    expect(performance.now() - began).toBeLessThan(LIMIT_MS);
    expect(await answer).not.toContain("201");
  });

  it("ends at once at a second signal", async () => {
    await beginUpload();
    const first = server.stop("SIGTERM");
    await server.line(/stopping/);
    expect(await server.stop("SIGTERM")).toBe(130);
    expect(await first).toBe(130);
  });

  it("ends in time when it has begun to look for a cluster that says nothing", async () => {
    const node = createServer().listen(0, "127.0.0.1");
    const connected = once(node, "connection");
    await once(node, "listening");
    const point = `127.0.0.1:${(node.address() as AddressInfo).port}`;
    const place = ["--listen", "127.0.0.1:0", "--data", join(folder, "other")];
    const starting = new Glowworm(["server", "run", ...place, "--cluster-contact-points", point]);
    const [socket] = (await connected) as [Socket];
    const began = performance.now();
    expect(await starting.stop("SIGTERM")).toBe(1);
    expect(performance.now() - began).toBeLessThan(LIMIT_MS);
    socket.destroy();
    node.close();
  });
});
