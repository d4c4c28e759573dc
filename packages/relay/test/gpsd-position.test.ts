import { createServer, type Server, type Socket } from "node:net";
import { FakeClock } from "@glowworm/protocol/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GpsdPosition } from "../src/index.ts";
import { until } from "./support/until.ts";

const NOW_MS = Date.UTC(2026, 10, 20, 14, 0, 0);
const VERSION = '{"class":"VERSION","release":"3.22","proto_major":3,"proto_minor":14}\n';

let server: Server;
let clock: FakeClock;
let position: GpsdPosition;
let sockets: Socket[];
let received: string;

beforeEach(async () => {
  sockets = [];
  received = "";
  clock = new FakeClock(NOW_MS);
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on("data", (data) => {
      received += data.toString();
    });
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  position = new GpsdPosition({ host: "127.0.0.1", port, clock });
});

afterEach(async () => {
  await position.stop();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

function tpv(change: object = {}): string {
  const time = new Date(NOW_MS).toISOString();
  const report = { class: "TPV", device: "a", mode: 3, time, lat: 1, lon: 2, eph: 5, ...change };
  return `${JSON.stringify(report)}\n`;
}

async function connected(): Promise<Socket> {
  position.start();
  await until(() => sockets.length > 0);
  const socket = sockets[0];
  if (socket === undefined) throw new Error("no connection");
  return socket;
}

/** Sends, and waits until all of it was read: a last report of another receiver marks the end. */
async function send(socket: Socket, text: string, marker = 3): Promise<void> {
  socket.write(text);
  socket.write(tpv({ lat: marker, device: `marker ${marker}` }));
  await until(() => position.current(NOW_MS)?.latitudeE7 === marker * 1e7);
}

describe("a live position", () => {
  it("asks for reports after a version it knows, and not before", async () => {
    const socket = await connected();
    socket.write(tpv());
    expect(received).toBe("");
    socket.write(VERSION);
    await until(() => received.endsWith("\n"));
    expect(received).toBe('?WATCH={"enable":true,"json":true};\n');
    expect(position.current(NOW_MS)).toBeNull();
    await send(socket, "");
  });

  it("is had through split, joined, oversized and foreign lines", async () => {
    const socket = await connected();
    socket.write(VERSION.slice(0, 20));
    socket.write(`${VERSION.slice(20)}{"class":"DEVICES","devices":[]}\n\u0000garbage\n[1]\n`);
    socket.write(`{"class":"SKY","satellites":"${"x".repeat(200_000)}"}\n`);
    await send(socket, tpv({ lat: 7 }));
  });

  it.each([
    ["ten seconds old", 10_000, true],
    ["older than ten seconds", 10_001, false],
    ["two seconds ahead", -2000, true],
    ["more than two seconds ahead", -2001, false],
  ])("that is %s: usable %s", async (_case, ageMs, isUsable) => {
    const socket = await connected();
    socket.write(VERSION);
    await send(socket, "");
    clock.setWall(NOW_MS + ageMs);
    expect(position.current(NOW_MS + ageMs) !== null).toBe(isUsable);
  });

  it.each([
    ["without a mode", { mode: 1 }],
    ["an hour old", { time: new Date(NOW_MS - 3_600_000).toISOString() }],
    ["an hour ahead", { time: new Date(NOW_MS + 3_600_000).toISOString() }],
    ["without a time", { time: undefined }],
  ])("is taken back by a report %s of the same receiver", async (_case, change) => {
    const socket = await connected();
    socket.write(VERSION);
    await send(socket, "", 3);
    socket.write(tpv({ ...change, device: "marker 3", lat: 4 }));
    await until(() => position.current(NOW_MS) === null);
  });

  it("stays through a report without a fix of another receiver", async () => {
    const socket = await connected();
    socket.write(VERSION);
    await send(socket, "", 3);
    socket.write(tpv({ mode: 1, device: "b" }) + tpv({ mode: 1, device: "marker 4" }));
    socket.write(tpv({ lat: 5, device: "b" }));
    await until(() => position.current(NOW_MS)?.latitudeE7 === 5e7);
  });
});

describe("the connection", () => {
  it("is given up, and said so, when the other side speaks another protocol", async () => {
    const socket = await connected();
    socket.write(VERSION.replace('"proto_major":3', '"proto_major":4') + tpv());
    await until(() => socket.closed);
    await until(() => position.describe().endsWith("speaks another protocol"));
    expect(received).toBe("");
    expect(position.current(NOW_MS)).toBeNull();
  });

  it("is made again after it broke, later each time until gpsd answers", async () => {
    const first = await connected();
    first.destroy();
    await until(() => position.describe().endsWith("not reachable"));
    clock.advance(999);
    expect(sockets.length).toBe(1);
    clock.advance(1);
    await until(() => sockets.length === 2);
    sockets[1]?.destroy();
    await until(() => position.describe().endsWith("not reachable"));
    clock.advance(1999);
    expect(sockets.length).toBe(2);
    clock.advance(1);
    await until(() => sockets.length === 3);
    sockets[2]?.write(VERSION);
    await until(() => position.describe().endsWith(": connected"));
    sockets[2]?.destroy();
    await until(() => position.describe().endsWith("not reachable"));
    clock.advance(1000);
    await until(() => sockets.length === 4);
  });

  it("ends with stop, and its position with it", async () => {
    const socket = await connected();
    socket.write(VERSION);
    await send(socket, "");
    await position.stop();
    await until(() => socket.closed || socket.readableEnded);
    expect(position.current(NOW_MS)).toBeNull();
  });
});
