import { EventEmitter } from "node:events";
import type { Failure } from "@glowworm/platform";
import { toHex } from "@glowworm/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { hciCommand, OPCODE } from "../src/hci.ts";
import { type NativeSocketClass, NativeTransport } from "../src/native-transport.ts";

/** What the native class was asked to do. */
let calls: string[];
let isOn: boolean;
let isPluggedIn: boolean;
let bindError: Error | null;
let native: EventEmitter;
let packets: string[];
let lost: Failure[];

class FakeNative extends EventEmitter {
  constructor() {
    super();
    native = this;
  }

  getDeviceList(): { devId: number; devUp: boolean }[] {
    return [
      { devId: 0, devUp: !isOn },
      { devId: 1, devUp: isOn },
    ];
  }

  bindRaw(index: number): number {
    return this.#bind(`raw ${index}`);
  }

  bindUser(index: number): number {
    return this.#bind(`user ${index}`);
  }

  isDevUp(): boolean {
    return isOn;
  }

  setFilter(filter: Buffer): void {
    calls.push(`filter ${filter.toString("hex")}`);
  }

  start(): void {
    calls.push("start");
  }

  stop(): void {
    calls.push("stop");
  }

  write(packet: Buffer): void {
    calls.push(`write ${packet.toString("hex")}`);
  }

  #bind(call: string): number {
    if (bindError !== null) throw bindError;
    calls.push(call);
    return 1;
  }
}

beforeEach(() => {
  calls = [];
  packets = [];
  lost = [];
  isOn = true;
  isPluggedIn = true;
  bindError = null;
});

describe("native transport", () => {
  it("shares an adapter that is on, and listens for answers and reports", async () => {
    await open();
    // Types 1 and 4; events 0x0e, 0x0f and 0x3e; any opcode.
    const filter = ["12000000", "00c00000", "00000040", "00000000"].join("");
    expect(calls).toEqual(["raw 1", `filter ${filter}`, "start"]);
  });

  it("takes an adapter that is off for itself", async () => {
    isOn = false;
    await open();
    expect(calls).toEqual(["user 1", "start"]);
  });

  it.each([OPCODE.reset, OPCODE.setEventMask, OPCODE.leSetEventMask, OPCODE.writeLeHostSupported])(
    "answers command %i itself on a shared adapter",
    async (opcode) => {
      const transport = await open();
      calls.length = 0;
      transport.write(hciCommand(opcode));
      await Promise.resolve();
      expect(calls).toEqual([]);
      const code = toHex(Uint8Array.of(opcode & 0xff, opcode >> 8));
      expect(packets).toEqual([`040e0401${code}00`]);
    },
  );

  it("resets an adapter it has for itself", async () => {
    isOn = false;
    const transport = await open();
    transport.write(hciCommand(OPCODE.reset));
    expect(calls.at(-1)).toBe("write 01030c00");
  });

  it("is down when a shared adapter is switched off, and when any is unplugged", async () => {
    const shared = await open();
    expect(shared.isUp()).toBe(true);
    isOn = false;
    expect(shared.isUp()).toBe(false);
    const owned = await open();
    expect(owned.isUp()).toBe(true);
    isPluggedIn = false;
    expect(owned.isUp()).toBe(false);
  });

  it.each([
    [Object.assign(new Error("EBUSY, Device or resource busy"), { code: "EBUSY" }), "noBluetooth"],
    [Object.assign(new Error("Operation not permitted"), { code: "EPERM" }), "noPermission"],
  ])("says why it cannot be opened: %s", async (error, exit) => {
    bindError = error;
    await expect(open()).rejects.toMatchObject({ name: "Failure", exit });
  });

  it("reports an error of the socket as a lost adapter", async () => {
    await open();
    native.emit("error", new Error("Network is down"));
    expect(lost.map((failure) => failure.exit)).toEqual(["noBluetooth"]);
  });

  it("hands on what the adapter says until it is closed", async () => {
    const transport = await open();
    native.emit("data", Buffer.of(4, 0x0e, 4, 1, 3, 12, 0));
    transport.close();
    native.emit("data", Buffer.of(4, 0x0e, 4, 1, 3, 12, 0));
    expect(packets).toEqual(["040e0401030c00"]);
    expect(calls.at(-1)).toBe("stop");
    expect(transport.isUp()).toBe(false);
  });
});

async function open(): Promise<NativeTransport> {
  const Native: NativeSocketClass = FakeNative;
  const transport = new NativeTransport(1, Native, () => isPluggedIn);
  await transport.open({
    onPacket: (packet) => packets.push(toHex(packet)),
    onLost: (failure) => lost.push(failure),
  });
  return transport;
}
