import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Failure } from "@glowworm/platform";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { H4Transport } from "../src/h4-transport.ts";

let folder: string;
let server: Server;
let transport: H4Transport;
let controller: Promise<Socket>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "glowworm-h4-"));
  server = createServer({ allowHalfOpen: true });
  controller = new Promise((resolve) => server.once("connection", resolve));
  await new Promise<void>((resolve) => server.listen(join(folder, "socket"), resolve));
  transport = new H4Transport(join(folder, "socket"));
});

afterEach(async () => {
  transport.close();
  (await controller).destroy();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

describe("H4 transport", () => {
  it("carries commands there and events back", async () => {
    const { packet } = await open();
    const far = await controller;
    const arrived = new Promise<Buffer>((resolve) => far.once("data", resolve));
    transport.write(Uint8Array.of(1, 3, 12, 0));
    expect([...(await arrived)]).toEqual([1, 3, 12, 0]);
    far.write(Buffer.of(4, 0x0e));
    far.write(Buffer.of(4, 1, 3, 12, 0));
    expect([...(await packet)]).toEqual([4, 0x0e, 4, 1, 3, 12, 0]);
  });

  it("says that the controller is lost when the stream ends", async () => {
    const { lost } = await open();
    expect(transport.isUp()).toBe(true);
    (await controller).destroy();
    expect(await lost).toMatchObject({ exit: "noBluetooth" });
    expect(transport.isUp()).toBe(false);
  });

  it("says that the controller is lost when it does not speak H4", async () => {
    const { lost } = await open();
    (await controller).write("HTTP/1.1 400 Bad Request");
    expect(await lost).toMatchObject({ exit: "noBluetooth" });
  });

  it("closes both directions at once", async () => {
    await open();
    const far = await controller;
    far.resume();
    const ended = new Promise<void>((resolve) => far.once("end", resolve));
    transport.close();
    await ended;
    // A half-closed peer would still take what is written; a closed one refuses it.
    const refused = new Promise<Error>((resolve) => far.once("error", resolve));
    far.write("late");
    expect(await refused).toMatchObject({ code: "EPIPE" });
  });

  it("ignores what is written after close", async () => {
    await open();
    transport.close();
    expect(() => transport.write(Uint8Array.of(1, 3, 12, 0))).not.toThrow();
  });
});

describe("H4 transport to nowhere", () => {
  it("fails to open", async () => {
    await open();
    const nowhere = new H4Transport(join(folder, "nothing"));
    const sink = { onPacket: () => {}, onLost: () => {} };
    await expect(nowhere.open(sink)).rejects.toMatchObject({ exit: "noBluetooth" });
  });
});

async function open(): Promise<{ packet: Promise<Uint8Array>; lost: Promise<Failure> }> {
  let onPacket = (_packet: Uint8Array): void => {};
  let onLost = (_reason: Failure): void => {};
  const packet = new Promise<Uint8Array>((resolve) => {
    onPacket = resolve;
  });
  const lost = new Promise<Failure>((resolve) => {
    onLost = resolve;
  });
  await transport.open({ onPacket, onLost });
  return { packet, lost };
}
