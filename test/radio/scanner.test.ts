import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Failure } from "@glowworm/platform";
import { fromHex, toHex } from "@glowworm/protocol";
import { isNonResolvable, OPCODE, randomAddress } from "@glowworm/radio";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { effort } from "../support/effort.ts";
import { extendedBody, legacyReport, leMeta } from "../support/hci-reports.ts";
import {
  FRAME,
  NON_CONNECTABLE,
  OTHER_FRAME,
  parametersOf,
  RadioScene,
} from "../support/radio-scene.ts";
import { settled } from "../support/virtual-air.ts";

let scene: RadioScene;
beforeEach(() => {
  scene = new RadioScene();
});
afterEach(() => scene.end());

describe.each([
  { hasExtended: false, title: "noble scanner" },
  { hasExtended: true, title: "noble scanner on a Bluetooth 5 controller" },
])("$title", ({ hasExtended }) => {
  beforeEach(() => {
    scene = new RadioScene({ hasExtended });
  });

  it("only ever listens, from a random address", async () => {
    await scene.scanner.start(scene.listen);
    await scene.air.advance(130_000);
    const legacy = parametersOf(scene.relayRadio, OPCODE.leSetScanParameters);
    const extended = parametersOf(scene.relayRadio, OPCODE.leSetExtendedScanParameters);
    expect((hasExtended ? extended : legacy).length).toBeGreaterThan(1);
    expect((hasExtended ? legacy : extended).length).toBe(0);
    // Legacy: type, interval, window, own address, filter. Extended: own, filter, PHYs, type, interval, window.
    for (const parameters of legacy) expect([parameters[0], parameters[5]]).toEqual([0, 1]);
    for (const parameters of extended) expect([...parameters.slice(0, 4)]).toEqual([1, 0, 1, 0]);
    for (const address of parametersOf(scene.relayRadio, OPCODE.leSetRandomAddress)) {
      expect(isNonResolvable(address.toReversed())).toBe(true);
    }
    expect(scene.relayRadio.overruns).toBe(0);
  });

  it("reports every repetition of one advertisement", async () => {
    await scene.runBoth();
    await scene.air.advance(1000);
    expect(scene.heard.length).toBe(scene.air.pdus.length);
    expect(scene.heard.length).toBeGreaterThan(8);
  });

  it("is quiet after stop", async () => {
    await scene.runBoth();
    await scene.scanner.stop();
    scene.heard.length = 0;
    await scene.air.advance(1000);
    expect(scene.relayRadio.isScanning).toBe(false);
    expect(scene.heard).toEqual([]);
  });

  it("goes on when another program ends the scan", async () => {
    await scene.runBoth();
    scene.relayRadio.switchScan(false);
    await scene.air.advance(1100);
    expect(scene.relayRadio.isScanning).toBe(true);
    scene.heard.length = 0;
    await scene.air.advance(500);
    expect(scene.heard.length).toBeGreaterThan(0);
  });

  it("goes on within a minute when the controller stopped without a word", async () => {
    await scene.runBoth();
    scene.relayRadio.reset();
    scene.heard.length = 0;
    await scene.air.advance(59_000);
    expect(scene.heard).toEqual([]);
    await scene.air.advance(3_000);
    expect(scene.heard.length).toBeGreaterThan(0);
  });

  it("goes on when the adapter is unplugged and plugged in again", async () => {
    const lost: Failure[] = [];
    await scene.runBoth((failure) => lost.push(failure));
    scene.relayRadio.unplug();
    await scene.air.advance(10_000);
    scene.relayRadio.plug();
    await scene.air.advance(3000);
    scene.heard.length = 0;
    await scene.air.advance(500);
    expect(scene.heard.length).toBeGreaterThan(0);
    expect(lost).toEqual([]);
  });

  it("goes on when the way to the controller breaks", async () => {
    await scene.runBoth();
    scene.relayRadio.disconnect();
    await scene.air.advance(1100);
    scene.heard.length = 0;
    await scene.air.advance(500);
    expect(scene.heard.length).toBeGreaterThan(0);
  });

  it("says once that the adapter is lost when it stays away", async () => {
    const lost: Failure[] = [];
    await scene.runBoth((failure) => lost.push(failure));
    scene.relayRadio.unplug();
    await scene.air.advance(120_000);
    expect(lost.map((failure) => failure.exit)).toEqual(["noBluetooth"]);
  });

  it("gives null where the controller knows no signal strength, and copies that stay", async () => {
    await scene.scanner.start(scene.listen);
    const report = {
      type: 3,
      address: randomAddress(scene.random),
      isRandomAddress: true,
      data: FRAME,
    };
    const event = hasExtended
      ? leMeta([0x0d, 1, ...extendedBody(report, 127)])
      : legacyReport(report, 127);
    scene.relayRadio.inject(event);
    event.fill(0);
    expect(scene.heard.map((advert) => [advert.rssiDbm, toHex(advert.data)])).toEqual([
      [null, toHex(FRAME)],
    ]);
  });

  it("survives whatever a controller sends, and hears on", async () => {
    await scene.runBoth();
    const start = fc.constantFrom([0x04, 0x3e], [0x04, 0x0e], [0x04, 0x0f], [0x01], [0x02], []);
    const packet = fc.tuple(start, fc.uint8Array({ maxLength: 80 })).map(withLength);
    fc.assert(
      fc.property(packet, (bytes) => scene.relayRadio.inject(bytes)),
      effort(20_000, 4),
    );
    scene.heard.length = 0;
    await scene.air.advance(61_000);
    expect(scene.heard.length).toBeGreaterThan(0);
  });
});

describe("noble scanner and extended advertising", () => {
  beforeEach(() => {
    scene = new RadioScene({ hasExtended: true });
  });

  it("hears a whole frame in one extended advertisement", async () => {
    await scene.scanner.start(scene.listen);
    const data = fromHex(`28ffffff20${"07".repeat(36)}`);
    scene.air.sayExtended(scene.beaconRadio, randomAddress(scene.random), data);
    await settled();
    expect(scene.heard.map((advert) => toHex(advert.data))).toEqual([toHex(data)]);
  });

  it("keeps two reports of one event apart", async () => {
    await scene.scanner.start(scene.listen);
    const from = { type: "extended" as const, isRandomAddress: true };
    const first = { ...from, address: randomAddress(scene.random), data: FRAME };
    const second = { ...from, address: randomAddress(scene.random), data: OTHER_FRAME };
    scene.relayRadio.inject(
      leMeta([0x0d, 2, ...extendedBody(first, -50), ...extendedBody(second, -70)]),
    );
    expect(scene.heard.map((advert) => [toHex(advert.data), advert.rssiDbm])).toEqual([
      [toHex(FRAME), -50],
      [toHex(OTHER_FRAME), -70],
    ]);
  });
});

describe("noble scanner's memory", () => {
  it("does not grow with the number of addresses heard", async () => {
    let count = 0;
    await scene.scanner.start(() => {
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

/** Most of them with a length that fits, so that they get past the first check. */
function withLength([start, rest]: [readonly number[], Uint8Array]): Uint8Array {
  const bytes = Uint8Array.from([...start, ...rest]);
  if (bytes[0] === 4 && bytes.length > 3 && (rest[0] ?? 0) % 8 !== 0) bytes[2] = bytes.length - 3;
  return bytes;
}

function hearAddresses(count: number): void {
  const report = { type: NON_CONNECTABLE, isRandomAddress: true, data: FRAME };
  for (let n = 0; n < count; n += 1) {
    scene.relayRadio.inject(legacyReport({ ...report, address: randomAddress(scene.random) }, -60));
  }
}

function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
