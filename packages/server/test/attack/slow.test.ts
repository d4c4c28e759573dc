import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { honestDuring } from "../support/honest.ts";
import { answerOf, manyRaw, type Raw } from "../support/raw.ts";
import { ServerProcess, UNHARMED } from "../support/server-process.ts";

/** The usual times, ten times as short, and attackers who have the place of many networks. */
const LIMITS = {
  headersTimeoutMs: 500,
  requestTimeoutMs: 1000,
  keepAliveMs: 500,
  idleMs: 1500,
  connectionsPerNetwork: 1024,
  recordsAtOnce: 1_000_000,
};
const ATTACKERS = 400;
const DRIP_MS = 50;
const HEAD = "POST /v1/sightings HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\n";

let server: ServerProcess;
afterEach(async () => expect(await server.stop()).toEqual(UNHARMED));

/** Says the beginning, then goes on for as long as it is listened to. */
function drip({ socket, answer }: Raw, beginning: string, drop: string): Promise<string> {
  socket.write(beginning);
  const timer = setInterval(() => socket.write(drop), DRIP_MS);
  return answer.finally(() => clearInterval(timer));
}

const ATTACKS: readonly (readonly [string, string, string])[] = [
  ["slow headers", "GET /about HTTP/1.1\r\nhost: x\r\n", "a: b\r\n"],
  ["headers without an end of line", "GET /about HTTP/1.1\r\nhost: x\r\na: ", "b"],
  ["dripping bodies", `${HEAD}content-length: 9280\r\n\r\n`, "x"],
  ["dripping chunks", `${HEAD}transfer-encoding: chunked\r\n\r\n`, "1\r\nx\r\n"],
  ["silent sockets", "", ""],
];

/** Resolves when it cannot send any more, however often the server has ended its own side. */
async function dripOn(port: number, beginning: string, drop: string): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => undefined);
  socket.resume();
  socket.write(beginning);
  const timer = setInterval(() => socket.write(drop), DRIP_MS);
  await new Promise((resolve) => socket.on("close", resolve));
  clearInterval(timer);
}

const DEAF: readonly (readonly [string, string, string])[] = [
  ["headers", "GET /about HTTP/1.1\r\nhost: x\r\na: ", "b"],
  ["empty lines", "", "\r\n"],
  ["a body", `${HEAD}content-length: 9280\r\n\r\n`, "x"],
  [
    "a body that nobody asked for",
    "GET /about HTTP/1.1\r\nhost: x\r\ncontent-length: 99999\r\n\r\n",
    "x",
  ],
];

describe("slow clients", () => {
  it.each(DEAF)("that go on with %s after they were refused: are cut off", async (_, ...drops) => {
    server = await ServerProcess.start({ limits: LIMITS });
    await dripOn(server.port, ...drops);
  });

  it.each(ATTACKS)(
    "%s: all end in time, and others are served meanwhile",
    async (name, beginning, drop) => {
      server = await ServerProcess.start({ limits: LIMITS });
      const connections = await manyRaw(ATTACKERS, server.port);
      const ends = Promise.all(connections.map((connection) => drip(connection, beginning, drop)));
      const honest = honestDuring(name, server.port, { forwardedFor: "192.0.2.1" }, ends);
      expect(await honest).toEqual([200, 201]);
      const answers = (await ends).map((text) => answerOf(text)[0]);
      // What it drips on after the answer may reset the connection before the answer is read.
      expect(answers.filter((status) => status !== 0 && status !== 408)).toEqual([]);
      expect(answers).toContain(408);
    },
  );

  it("that come again and again: others are served, in bounded memory", async () => {
    server = await ServerProcess.start({ limits: LIMITS });
    const wave = async (): Promise<void> => {
      const connections = await manyRaw(ATTACKERS, server.port);
      await Promise.all(
        connections.map((one) => drip(one, `${HEAD}content-length: 9280\r\n\r\n`, "x")),
      );
    };
    await wave();
    const { nowMb } = server.memory();
    const more = wave().then(wave);
    const honest = await honestDuring("waves", server.port, { forwardedFor: "192.0.2.1" }, more);
    expect(honest).toEqual([200, 201]);
    expect(server.memory().peakMb - nowMb).toBeLessThan(100);
  });
});
