import { fromHex, toHex } from "@glowworm/protocol";
import { hciCommand, isNonResolvable, OPCODE, randomAddress } from "@glowworm/radio";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  FRAME,
  NON_CONNECTABLE,
  OTHER_FRAME,
  parametersOf,
  RadioScene,
} from "../support/radio-scene.ts";
import { settled } from "../support/virtual-air.ts";
import type { VirtualController } from "../support/virtual-controller.ts";

let scene: RadioScene;
beforeEach(() => {
  scene = new RadioScene();
});
afterEach(() => scene.end());

describe("bleno advertiser", () => {
  it("never says new data from an old address nor old data from a new one", async () => {
    await scene.advertiser.start();
    const addresses = Array.from({ length: 8 }, () => randomAddress(scene.random));
    for (const [epoch, address] of addresses.entries()) {
      await scene.advertiser.set(dataOf(epoch, 0), address);
      for (let frame = 1; frame < 4; frame += 1) {
        await scene.air.advance(110);
        await scene.advertiser.set(dataOf(epoch, frame));
      }
      await scene.air.advance(110);
    }
    const epochs = scene.air.pdus.map((pdu) => pdu.data[4]);
    expect(new Set(epochs).size).toBe(addresses.length);
    for (const pdu of scene.air.pdus) {
      const expected = addresses[pdu.data[4] ?? -1] ?? new Uint8Array();
      expect(toHex(pdu.address)).toBe(toHex(expected));
    }
  });

  it("says nothing that can be connected to, scanned, or comes from the public address", async () => {
    await runBeacon(10);
    expect(scene.air.pdus.length).toBeGreaterThan(9);
    for (const pdu of scene.air.pdus) {
      expect(pdu.type).toBe(NON_CONNECTABLE);
      expect(pdu.isRandomAddress && isNonResolvable(pdu.address)).toBe(true);
    }
    const settings = parametersOf(scene.beaconRadio, OPCODE.leSetAdvertisingParameters);
    expect(settings.length).toBeGreaterThan(0);
    for (const parameters of settings) expect([...parameters.slice(4, 6)]).toEqual([3, 1]);
  });

  it("ends at its start what a predecessor left on the air", async () => {
    await leaveAdvertising(scene.beaconRadio);
    expect(scene.beaconRadio.isAdvertising).toBe(true);
    await scene.advertiser.start();
    expect(scene.beaconRadio.isAdvertising).toBe(false);
  });

  it("says nothing before its first data and nothing after stop", async () => {
    await scene.advertiser.start();
    await scene.air.advance(500);
    expect(scene.air.pdus).toEqual([]);
    await scene.advertiser.set(FRAME, randomAddress(scene.random));
    await scene.air.advance(500);
    await scene.advertiser.stop();
    const before = scene.air.pdus.length;
    expect(before).toBeGreaterThan(0);
    await scene.air.advance(2000);
    expect(scene.air.pdus.length).toBe(before);
  });

  it("stays silent when stop overtakes a change", async () => {
    await scene.advertiser.start();
    const setting = scene.advertiser.set(FRAME, randomAddress(scene.random));
    const stopping = scene.advertiser.stop();
    await Promise.all([setting, stopping]);
    expect(scene.beaconRadio.isAdvertising).toBe(false);
  });

  it("keeps type and address when the controller was reset behind its back", async () => {
    await scene.advertiser.start();
    await scene.advertiser.set(FRAME, randomAddress(scene.random));
    scene.beaconRadio.reset();
    await scene.advertiser.set(OTHER_FRAME);
    await scene.air.advance(500);
    expect(scene.air.pdus.length).toBeGreaterThan(0);
    for (const pdu of scene.air.pdus) expect([pdu.type, pdu.isRandomAddress]).toEqual([3, true]);
  });

  it("goes on with the last address after it is started anew", async () => {
    const address = randomAddress(scene.random);
    await scene.advertiser.start();
    await scene.advertiser.set(FRAME, address);
    await scene.advertiser.start();
    await scene.advertiser.set(OTHER_FRAME);
    await scene.air.advance(100);
    expect(toHex(scene.air.pdus.at(-1)?.address ?? new Uint8Array())).toBe(toHex(address));
  });

  it("refuses an address that is not non-resolvable, none at all, and too much data", async () => {
    await scene.advertiser.start();
    const usage = { code: "usage" };
    await expect(scene.advertiser.set(FRAME)).rejects.toMatchObject(usage);
    await expect(scene.advertiser.set(FRAME, fromHex("c00000000001"))).rejects.toMatchObject(usage);
    await expect(scene.advertiser.set(FRAME, new Uint8Array(6))).rejects.toMatchObject(usage);
    const tooLong = scene.advertiser.set(new Uint8Array(32), randomAddress(scene.random));
    await expect(tooLong).rejects.toMatchObject(usage);
    expect(scene.beaconRadio.isAdvertising).toBe(false);
  });

  it("fails and stays silent when the controller refuses a command", async () => {
    await scene.advertiser.start();
    scene.beaconRadio.switchScan(true);
    const setting = scene.advertiser.set(FRAME, randomAddress(scene.random));
    await expect(setting).rejects.toMatchObject({ name: "Failure", exit: "noBluetooth" });
    expect(scene.beaconRadio.isAdvertising).toBe(false);
  });

  it.each([OPCODE.leSetRandomAddress, OPCODE.leSetAdvertiseEnable])(
    "fails when command %i is not answered",
    async (opcode) => {
      await scene.advertiser.start();
      scene.beaconRadio.deafTo.add(opcode);
      const setting = scene.advertiser.set(FRAME, randomAddress(scene.random));
      const expected = expect(setting).rejects.toMatchObject({ exit: "noBluetooth" });
      await scene.air.advance(3000);
      await expected;
    },
  );

  it("fails at once when the way to the controller has broken", async () => {
    await scene.advertiser.start();
    scene.beaconRadio.disconnect();
    const setting = scene.advertiser.set(FRAME, randomAddress(scene.random));
    await expect(setting).rejects.toMatchObject({ exit: "noBluetooth" });
  });

  it("recovers by itself once the controller answers again", async () => {
    await scene.advertiser.start();
    scene.beaconRadio.deafTo.add(OPCODE.leSetAdvertisingData);
    const failing = expect(
      scene.advertiser.set(FRAME, randomAddress(scene.random)),
    ).rejects.toThrow();
    await scene.air.advance(3000);
    await failing;
    scene.beaconRadio.deafTo.clear();
    await scene.advertiser.set(FRAME);
    expect(scene.beaconRadio.isAdvertising).toBe(true);
  });

  it.each([OPCODE.reset, OPCODE.readLocalVersion, OPCODE.readSupportedCommands])(
    "fails to start when command %i is not answered",
    async (opcode) => {
      scene.beaconRadio.deafTo.add(opcode);
      const expected = expect(scene.advertiser.start()).rejects.toMatchObject({
        exit: "noBluetooth",
      });
      await scene.air.advance(3000);
      await expected;
    },
  );

  it("fails to start without a controller", async () => {
    scene.beaconRadio.unplug();
    await expect(scene.advertiser.start()).rejects.toMatchObject({ exit: "noBluetooth" });
  });

  it("hands the controller one command at a time", async () => {
    await runBeacon(3);
    expect(scene.beaconRadio.commands.length).toBeGreaterThan(20);
    expect(scene.beaconRadio.overruns).toBe(0);
  });
});

async function runBeacon(epochs: number): Promise<void> {
  await scene.advertiser.start();
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    await scene.advertiser.set(dataOf(epoch, 0), randomAddress(scene.random));
    await scene.air.advance(110);
    await scene.advertiser.set(dataOf(epoch, 1));
    await scene.air.advance(110);
  }
}

function dataOf(epoch: number, frame: number): Uint8Array {
  return Uint8Array.of(5, 0xff, 0xff, 0xff, epoch, frame);
}

async function leaveAdvertising(radio: VirtualController): Promise<void> {
  const host = radio.transport();
  const connectable = new Uint8Array(15).fill(0xa0, 0, 1).fill(0xa0, 2, 3);
  host.write(hciCommand(OPCODE.leSetAdvertisingParameters, connectable));
  host.write(hciCommand(OPCODE.leSetAdvertiseEnable, Uint8Array.of(1)));
  await settled();
}
