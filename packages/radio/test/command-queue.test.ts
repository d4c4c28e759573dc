import { FakeClock } from "@glowworm/protocol/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { CommandQueue } from "../src/command-queue.ts";
import { hciCommand, opcodeOf } from "../src/hci.ts";

let clock: FakeClock;
let sent: number[];
let queue: CommandQueue;

beforeEach(() => {
  clock = new FakeClock(0);
  sent = [];
  queue = new CommandQueue(clock, (packet) => sent.push(opcodeOf(packet)));
});

describe("command queue", () => {
  it("sends the next command only after an answer", () => {
    submit(1, 2, 3);
    expect(sent).toEqual([1]);
    answer(1);
    expect(sent).toEqual([1, 2]);
    answer(2);
    expect(sent).toEqual([1, 2, 3]);
  });

  it("gives each command its own answer", async () => {
    const [first, second] = submit(1, 2);
    answer(1, 0x0c);
    answer(2, 0);
    expect(await first).toMatchObject({ status: 0x0c });
    expect(await second).toMatchObject({ status: 0 });
    expect(queue.isIdle).toBe(true);
  });

  it("takes a Command Status for an answer", async () => {
    const [only] = submit(0x2041);
    expect(queue.take(Uint8Array.of(4, 0x0f, 4, 0x01, 1, 0x41, 0x20))).toBe(true);
    expect(await only).toMatchObject({ status: 1 });
  });

  it("does not take another program's answer for its own", () => {
    submit(1, 2);
    answer(9);
    expect(sent).toEqual([1]);
    expect(queue.isIdle).toBe(false);
  });

  it("waits while the controller takes no more commands", () => {
    submit(1, 2);
    answer(1, 0, 0);
    expect(sent).toEqual([1]);
    // Command Complete without a command: the number of commands alone.
    queue.take(Uint8Array.of(4, 0x0e, 3, 1, 0, 0));
    queue.next();
    expect(sent).toEqual([1, 2]);
  });

  it("goes on by itself when the controller never says that it takes another", async () => {
    submit(1, 2);
    answer(1, 0, 0);
    clock.advance(1500);
    await Promise.resolve();
    expect(sent).toEqual([1, 2]);
  });

  it("gives up on an answer after a second and a half and goes on", async () => {
    const [first] = submit(1, 2);
    clock.advance(1499);
    await Promise.resolve();
    expect(sent).toEqual([1]);
    clock.advance(1);
    expect(await first).toMatchObject({ status: null });
    expect(sent).toEqual([1, 2]);
  });

  it("settles everything when it is abandoned", async () => {
    const all = submit(1, 2, 3);
    queue.abandon();
    const answers = await Promise.all(all);
    expect(answers.map((one) => one.status)).toEqual([null, null, null]);
    expect(queue.isIdle).toBe(true);
  });
});

function submit(...opcodes: readonly number[]): ReturnType<CommandQueue["submit"]>[] {
  return opcodes.map((opcode) => queue.submit(hciCommand(opcode)));
}

function answer(opcode: number, status = 0, credits = 1): void {
  queue.take(Uint8Array.of(4, 0x0e, 4, credits, opcode & 0xff, opcode >> 8, status));
  queue.next();
}
