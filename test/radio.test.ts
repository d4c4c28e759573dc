import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createBlenoAdvertiser } from "@glowworm/beacon";
import type { Failure } from "@glowworm/platform";
import { fromHex, type RandomSource, toHex } from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import {
  type Advert,
  type Advertiser,
  hciCommand,
  isNonResolvable,
  OPCODE,
  randomAddress,
  type Scanner,
} from "@glowworm/radio";
import { createNobleScanner } from "@glowworm/relay";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { effort } from "./support/effort.ts";
import { extendedBody, legacyReport, leMeta } from "./support/hci-reports.ts";
import { settled, VirtualAir } from "./support/virtual-air.ts";
import type { VirtualController } from "./support/virtual-controller.ts";

const START_MS = Date.UTC(2026, 10, 20, 12);
const FRAME = fromHex(`1effffff2c${"01".repeat(26)}`);
const OTHER_FRAME = fromHex(`1effffff34${"02".repeat(26)}`);
const NON_CONNECTABLE = 3;

let clock: FakeClock;
let random: RandomSource;
let air: VirtualAir;
let beaconRadio: VirtualController;
let relayRadio: VirtualController;
let advertiser: Advertiser;
let scanner: Scanner;
let heard: Advert[];

beforeEach(() => {
  clock = new FakeClock(START_MS);
  random = seededRandom("radio");
  air = new VirtualAir(clock, random);
  useRadios(false);
});

afterEach(async () => {
  const stopping = Promise.all([advertiser.stop(), scanner.stop()]);
  await air.advance(15_000);
  await stopping;
});

describe("bleno advertiser and noble scanner on virtual controllers", () => {
  it("carry advertising data, address and signal strength unchanged", async () => {
    const address = randomAddress(random);
    await advertiser.start();
    await scanner.start(listen);
    await advertiser.set(FRAME, address);
    await air.advance(1000);
    expect(heard.length).toBeGreaterThanOrEqual(9);
    for (const advert of heard) {
      expect(toHex(advert.data)).toBe(toHex(FRAME));
      expect(toHex(advert.address ?? new Uint8Array())).toBe(toHex(address));
      expect(advert.rssiDbm).toBe(-60);
      expect(advert.atMs).toBeGreaterThan(START_MS);
    }
  });

  it("show the data that is current, at once after each change", async () => {
    await advertiser.start();
    await scanner.start(listen);
    await advertiser.set(FRAME, randomAddress(random));
    await air.advance(100);
    heard.length = 0;
    await advertiser.set(OTHER_FRAME);
    await air.advance(20);
    expect(heard.map((advert) => toHex(advert.data))).toEqual([toHex(OTHER_FRAME)]);
  });

  it("lose what the link loses", async () => {
    air = new VirtualAir(clock, random, () => null);
    useRadios(false);
    await advertiser.start();
    await scanner.start(listen);
    await advertiser.set(FRAME, randomAddress(random));
    await air.advance(1000);
    expect(air.pdus.length).toBeGreaterThan(0);
    expect(heard).toEqual([]);
  });

  it("leave the process as they found it", async () => {
    const interrupt = process.listenerCount("SIGINT");
    const exit = process.listenerCount("exit");
    await advertiser.start();
    await scanner.start(listen);
    expect(process.listenerCount("SIGINT")).toBe(interrupt);
    await advertiser.stop();
    await scanner.stop();
    expect(process.listenerCount("exit")).toBe(exit);
  });
});

describe("bleno advertiser", () => {
  it("never says new data from an old address nor old data from a new one", async () => {
    await advertiser.start();
    const addresses = Array.from({ length: 8 }, () => randomAddress(random));
    for (const [epoch, address] of addresses.entries()) {
      await advertiser.set(dataOf(epoch, 0), address);
      for (let frame = 1; frame < 4; frame += 1) {
        await air.advance(110);
        await advertiser.set(dataOf(epoch, frame));
      }
      await air.advance(110);
    }
    const epochs = air.pdus.map((pdu) => pdu.data[4]);
    expect(new Set(epochs).size).toBe(addresses.length);
    for (const pdu of air.pdus) {
      const expected = addresses[pdu.data[4] ?? -1] ?? new Uint8Array();
      expect(toHex(pdu.address)).toBe(toHex(expected));
    }
  });

  it("says nothing that can be connected to, scanned, or comes from the public address", async () => {
    await runBeacon(10);
    expect(air.pdus.length).toBeGreaterThan(9);
    for (const pdu of air.pdus) {
      expect(pdu.type).toBe(NON_CONNECTABLE);
      expect(pdu.isRandomAddress && isNonResolvable(pdu.address)).toBe(true);
    }
    const settings = parametersOf(beaconRadio, OPCODE.leSetAdvertisingParameters);
    expect(settings.length).toBeGreaterThan(0);
    for (const parameters of settings) expect([...parameters.slice(4, 6)]).toEqual([3, 1]);
  });

  it("ends at its start what a predecessor left on the air", async () => {
    await leaveAdvertising(beaconRadio);
    expect(beaconRadio.isAdvertising).toBe(true);
    await advertiser.start();
    expect(beaconRadio.isAdvertising).toBe(false);
  });

  it("says nothing before its first data and nothing after stop", async () => {
    await advertiser.start();
    await air.advance(500);
    expect(air.pdus).toEqual([]);
    await advertiser.set(FRAME, randomAddress(random));
    await air.advance(500);
    await advertiser.stop();
    const before = air.pdus.length;
    expect(before).toBeGreaterThan(0);
    await air.advance(2000);
    expect(air.pdus.length).toBe(before);
  });

  it("stays silent when stop overtakes a change", async () => {
    await advertiser.start();
    const setting = advertiser.set(FRAME, randomAddress(random));
    const stopping = advertiser.stop();
    await Promise.all([setting, stopping]);
    expect(beaconRadio.isAdvertising).toBe(false);
  });

  it("keeps type and address when the controller was reset behind its back", async () => {
    await advertiser.start();
    await advertiser.set(FRAME, randomAddress(random));
    beaconRadio.reset();
    await advertiser.set(OTHER_FRAME);
    await air.advance(500);
    expect(air.pdus.length).toBeGreaterThan(0);
    for (const pdu of air.pdus) expect([pdu.type, pdu.isRandomAddress]).toEqual([3, true]);
  });

  it("goes on with the last address after it is started anew", async () => {
    const address = randomAddress(random);
    await advertiser.start();
    await advertiser.set(FRAME, address);
    await advertiser.start();
    await advertiser.set(OTHER_FRAME);
    await air.advance(100);
    expect(toHex(air.pdus.at(-1)?.address ?? new Uint8Array())).toBe(toHex(address));
  });

  it("refuses an address that is not non-resolvable, none at all, and too much data", async () => {
    await advertiser.start();
    const usage = { code: "usage" };
    await expect(advertiser.set(FRAME)).rejects.toMatchObject(usage);
    await expect(advertiser.set(FRAME, fromHex("c00000000001"))).rejects.toMatchObject(usage);
    await expect(advertiser.set(FRAME, new Uint8Array(6))).rejects.toMatchObject(usage);
    const tooLong = advertiser.set(new Uint8Array(32), randomAddress(random));
    await expect(tooLong).rejects.toMatchObject(usage);
    expect(beaconRadio.isAdvertising).toBe(false);
  });

  it("fails and stays silent when the controller refuses a command", async () => {
    await advertiser.start();
    beaconRadio.switchScan(true);
    const setting = advertiser.set(FRAME, randomAddress(random));
    await expect(setting).rejects.toMatchObject({ name: "Failure", exit: "noBluetooth" });
    expect(beaconRadio.isAdvertising).toBe(false);
  });

  it.each([OPCODE.leSetRandomAddress, OPCODE.leSetAdvertiseEnable])(
    "fails when command %i is not answered",
    async (opcode) => {
      await advertiser.start();
      beaconRadio.deafTo.add(opcode);
      const setting = advertiser.set(FRAME, randomAddress(random));
      const expected = expect(setting).rejects.toMatchObject({ exit: "noBluetooth" });
      await air.advance(3000);
      await expected;
    },
  );

  it("fails at once when the way to the controller has broken", async () => {
    await advertiser.start();
    beaconRadio.disconnect();
    const setting = advertiser.set(FRAME, randomAddress(random));
    await expect(setting).rejects.toMatchObject({ exit: "noBluetooth" });
  });

  it("recovers by itself once the controller answers again", async () => {
    await advertiser.start();
    beaconRadio.deafTo.add(OPCODE.leSetAdvertisingData);
    const failing = expect(advertiser.set(FRAME, randomAddress(random))).rejects.toThrow();
    await air.advance(3000);
    await failing;
    beaconRadio.deafTo.clear();
    await advertiser.set(FRAME);
    expect(beaconRadio.isAdvertising).toBe(true);
  });

  it.each([OPCODE.reset, OPCODE.readLocalVersion, OPCODE.readSupportedCommands])(
    "fails to start when command %i is not answered",
    async (opcode) => {
      beaconRadio.deafTo.add(opcode);
      const expected = expect(advertiser.start()).rejects.toMatchObject({ exit: "noBluetooth" });
      await air.advance(3000);
      await expected;
    },
  );

  it("fails to start without a controller", async () => {
    beaconRadio.unplug();
    await expect(advertiser.start()).rejects.toMatchObject({ exit: "noBluetooth" });
  });

  it("hands the controller one command at a time", async () => {
    await runBeacon(3);
    expect(beaconRadio.commands.length).toBeGreaterThan(20);
    expect(beaconRadio.overruns).toBe(0);
  });
});

describe.each([
  { hasExtended: false, title: "noble scanner" },
  { hasExtended: true, title: "noble scanner on a Bluetooth 5 controller" },
])("$title", ({ hasExtended }) => {
  beforeEach(() => useRadios(hasExtended));

  it("only ever listens, from a random address", async () => {
    await scanner.start(listen);
    await air.advance(130_000);
    const legacy = parametersOf(relayRadio, OPCODE.leSetScanParameters);
    const extended = parametersOf(relayRadio, OPCODE.leSetExtendedScanParameters);
    expect((hasExtended ? extended : legacy).length).toBeGreaterThan(1);
    expect((hasExtended ? legacy : extended).length).toBe(0);
    // Legacy: type, interval, window, own address, filter. Extended: own, filter, PHYs, type, interval, window.
    for (const parameters of legacy) expect([parameters[0], parameters[5]]).toEqual([0, 1]);
    for (const parameters of extended) expect([...parameters.slice(0, 4)]).toEqual([1, 0, 1, 0]);
    for (const address of parametersOf(relayRadio, OPCODE.leSetRandomAddress)) {
      expect(isNonResolvable(address.toReversed())).toBe(true);
    }
    expect(relayRadio.overruns).toBe(0);
  });

  it("reports every repetition of one advertisement", async () => {
    await runBoth();
    await air.advance(1000);
    expect(heard.length).toBe(air.pdus.length);
    expect(heard.length).toBeGreaterThan(8);
  });

  it("is quiet after stop", async () => {
    await runBoth();
    await scanner.stop();
    heard.length = 0;
    await air.advance(1000);
    expect(relayRadio.isScanning).toBe(false);
    expect(heard).toEqual([]);
  });

  it("goes on when another program ends the scan", async () => {
    await runBoth();
    relayRadio.switchScan(false);
    await air.advance(1100);
    expect(relayRadio.isScanning).toBe(true);
    heard.length = 0;
    await air.advance(500);
    expect(heard.length).toBeGreaterThan(0);
  });

  it("goes on within a minute when the controller stopped without a word", async () => {
    await runBoth();
    relayRadio.reset();
    heard.length = 0;
    await air.advance(59_000);
    expect(heard).toEqual([]);
    await air.advance(3_000);
    expect(heard.length).toBeGreaterThan(0);
  });

  it("goes on when the adapter is unplugged and plugged in again", async () => {
    const lost: Failure[] = [];
    await runBoth((failure) => lost.push(failure));
    relayRadio.unplug();
    await air.advance(10_000);
    relayRadio.plug();
    await air.advance(3000);
    heard.length = 0;
    await air.advance(500);
    expect(heard.length).toBeGreaterThan(0);
    expect(lost).toEqual([]);
  });

  it("goes on when the way to the controller breaks", async () => {
    await runBoth();
    relayRadio.disconnect();
    await air.advance(1100);
    heard.length = 0;
    await air.advance(500);
    expect(heard.length).toBeGreaterThan(0);
  });

  it("says once that the adapter is lost when it stays away", async () => {
    const lost: Failure[] = [];
    await runBoth((failure) => lost.push(failure));
    relayRadio.unplug();
    await air.advance(120_000);
    expect(lost.map((failure) => failure.exit)).toEqual(["noBluetooth"]);
  });

  it("gives null where the controller knows no signal strength, and copies that stay", async () => {
    await scanner.start(listen);
    const report = { type: 3, address: randomAddress(random), isRandomAddress: true, data: FRAME };
    const event = hasExtended
      ? leMeta([0x0d, 1, ...extendedBody(report, 127)])
      : legacyReport(report, 127);
    relayRadio.inject(event);
    event.fill(0);
    expect(heard.map((advert) => [advert.rssiDbm, toHex(advert.data)])).toEqual([
      [null, toHex(FRAME)],
    ]);
  });

  it("survives whatever a controller sends, and hears on", async () => {
    await runBoth();
    const start = fc.constantFrom([0x04, 0x3e], [0x04, 0x0e], [0x04, 0x0f], [0x01], [0x02], []);
    const packet = fc.tuple(start, fc.uint8Array({ maxLength: 80 })).map(withLength);
    fc.assert(
      fc.property(packet, (bytes) => relayRadio.inject(bytes)),
      effort(20_000, 4),
    );
    heard.length = 0;
    await air.advance(61_000);
    expect(heard.length).toBeGreaterThan(0);
  });
});

describe("noble scanner and extended advertising", () => {
  beforeEach(() => useRadios(true));

  it("hears a whole frame in one extended advertisement", async () => {
    await scanner.start(listen);
    const data = fromHex(`28ffffff20${"07".repeat(36)}`);
    air.sayExtended(beaconRadio, randomAddress(random), data);
    await settled();
    expect(heard.map((advert) => toHex(advert.data))).toEqual([toHex(data)]);
  });

  it("keeps two reports of one event apart", async () => {
    await scanner.start(listen);
    const from = { type: "extended" as const, isRandomAddress: true };
    const first = { ...from, address: randomAddress(random), data: FRAME };
    const second = { ...from, address: randomAddress(random), data: OTHER_FRAME };
    relayRadio.inject(leMeta([0x0d, 2, ...extendedBody(first, -50), ...extendedBody(second, -70)]));
    expect(heard.map((advert) => [toHex(advert.data), advert.rssiDbm])).toEqual([
      [toHex(FRAME), -50],
      [toHex(OTHER_FRAME), -70],
    ]);
  });
});

describe("noble scanner's memory", () => {
  it("does not grow with the number of addresses heard", async () => {
    let count = 0;
    await scanner.start(() => {
      count += 1;
    });
    hearAddresses(20_000);
    const before = heapBytes();
    hearAddresses(200_000);
    const growth = heapBytes() - before;
    expect(count).toBe(220_000);
    expect(growth).toBeLessThan(1_000_000);
  });
});

function useRadios(hasExtended: boolean): void {
  beaconRadio = air.controller();
  relayRadio = air.controller({ hasExtended });
  const transports = [beaconRadio, relayRadio].map((radio) => () => radio.transport());
  const [toBeacon = fail, toRelay = fail] = transports;
  advertiser = createBlenoAdvertiser({ adapter: toBeacon, clock });
  scanner = createNobleScanner({ adapter: toRelay, clock, random });
  heard = [];
}

function fail(): never {
  throw new Error("no such radio");
}

function listen(advert: Advert): void {
  heard.push(advert);
}

async function runBoth(onLost?: (failure: Failure) => void): Promise<void> {
  await advertiser.start();
  await scanner.start(listen, onLost);
  await advertiser.set(FRAME, randomAddress(random));
  await air.advance(200);
}

async function runBeacon(epochs: number): Promise<void> {
  await advertiser.start();
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    await advertiser.set(dataOf(epoch, 0), randomAddress(random));
    await air.advance(110);
    await advertiser.set(dataOf(epoch, 1));
    await air.advance(110);
  }
}

function dataOf(epoch: number, frame: number): Uint8Array {
  return Uint8Array.of(5, 0xff, 0xff, 0xff, epoch, frame);
}

function parametersOf(radio: VirtualController, opcode: number): Uint8Array[] {
  return radio.commands.filter((one) => one.opcode === opcode).map((one) => one.parameters);
}

async function leaveAdvertising(radio: VirtualController): Promise<void> {
  const host = radio.transport();
  const connectable = new Uint8Array(15).fill(0xa0, 0, 1).fill(0xa0, 2, 3);
  host.write(hciCommand(OPCODE.leSetAdvertisingParameters, connectable));
  host.write(hciCommand(OPCODE.leSetAdvertiseEnable, Uint8Array.of(1)));
  await settled();
}

/** Most of them with a length that fits, so that they get past the first check. */
function withLength([start, rest]: [readonly number[], Uint8Array]): Uint8Array {
  const bytes = Uint8Array.from([...start, ...rest]);
  if (bytes[0] === 4 && bytes.length > 3 && (rest[0] ?? 0) % 8 !== 0) bytes[2] = bytes.length - 3;
  return bytes;
}

function hearAddresses(count: number): void {
  const report = { type: NON_CONNECTABLE, isRandomAddress: true, data: FRAME };
  for (let n = 0; n < count; n += 1) {
    relayRadio.inject(legacyReport({ ...report, address: randomAddress(random) }, -60));
  }
}

function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
