import { encodeUploadBatch } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { afterEach, describe, expect, it } from "vitest";
import { effort } from "../../../../test/support/effort.ts";
import { someUpload } from "../support/fixtures.ts";
import { ask, honestDuring } from "../support/honest.ts";
import { answerOf, raw } from "../support/raw.ts";
import { ServerProcess, UNHARMED } from "../support/server-process.ts";

/** One attacker with the share of many networks. */
const MANY = 1_000_000_000;
const HONEST = { forwardedFor: "192.0.2.1" };
const HEAD = "POST /v1/sightings HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\n";
const PART = Buffer.alloc(65_536, "x");

let server: ServerProcess;
afterEach(async () => expect(await server.stop()).toEqual(UNHARMED));

async function times(count: number, work: () => Promise<void>): Promise<void> {
  for (let n = 0; n < count; n++) await work();
}

/** Sends a body without an end, for as long as it is taken; the status of the answer. */
async function endlessBody(head: string, part: Buffer): Promise<number> {
  const { socket, answer } = raw(server.port);
  socket.on("drain", () => socket.write(part));
  socket.write(HEAD + head);
  while (socket.writable && socket.write(part));
  return answerOf(await answer)[0];
}

describe("bodies that are too large", () => {
  it.each([
    ["with a length", "content-length: 100000000\r\n\r\n", PART],
    [
      "in chunks",
      "transfer-encoding: chunked\r\n\r\n",
      Buffer.concat([Buffer.from("10000\r\n"), PART, Buffer.from("\r\n")]),
    ],
  ])("%s are refused in bounded memory, and others are served", async (name, head, part) => {
    server = await ServerProcess.start({ limits: { recordsAtOnce: MANY } });
    const { nowMb } = server.memory();
    const statuses = new Set<number>();
    const attacker = (): Promise<void> =>
      times(4, async () => void statuses.add(await endlessBody(head, part)));
    const attack = Promise.all(Array.from({ length: 10 }, attacker));
    const honest = await honestDuring(`too large, ${name}`, server.port, HONEST, attack);
    expect(honest).toEqual([200, 201]);
    // Who goes on sending may be cut off before the answer is read.
    expect([...statuses].filter((status) => status !== 0 && status !== 413)).toEqual([]);
    expect(statuses).toContain(413);
    expect(server.memory().peakMb - nowMb).toBeLessThan(150);
  });
});

describe("more uploads than can be stored", () => {
  it("are stored or put off, nothing else, in bounded memory", async () => {
    server = await ServerProcess.start({
      limits: { recordsAtOnce: MANY, connectionsPerNetwork: 1024 },
    });
    const random = seededRandom("load");
    const statuses = new Map<number, number>();
    const stored: number[] = [];
    const uploader = async (): Promise<void> => {
      const body = encodeUploadBatch(Array.from({ length: 64 }, () => someUpload(random)));
      const { status, ms } = await ask(server.port, body, {});
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 201) stored.push(ms);
    };
    const rounds = effort(8, 0).numRuns;
    const attack = Promise.all(Array.from({ length: 100 }, () => times(rounds, uploader)));
    const honest = await honestDuring("more than can be stored", server.port, HONEST, attack);
    expect(honest.filter((status) => ![200, 201, 429, 503].includes(status))).toEqual([]);
    expect([...statuses.keys()].filter((status) => ![201, 429, 503].includes(status))).toEqual([]);
    stored.sort((a, b) => a - b);
    const p99 = stored[Math.floor(stored.length * 0.99)] ?? 0;
    const { peakMb } = server.memory();
    process.stderr.write(
      `load: ${JSON.stringify(Object.fromEntries(statuses))}, p99 of 201 ${p99.toFixed(0)} ms, peak ${peakMb} MB\n`,
    );
    expect(peakMb).toBeLessThan(500);
  });
});
