import { fromHex, toHex } from "@glowworm/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { soundPackets } from "../src/event-guard.ts";

/** Type, address type, address, data length 2, data, RSSI. */
const REPORT = "0301060504030201020102c4";
/** Event type (2), address type, address, PHYs, set, power, RSSI, interval, target, data length 2, data. */
const EXTENDED = "0000010605040302010100ff7fc4000000000000000000020102";

describe("event guard", () => {
  it.each([
    ["one advertising report", `043e0e0201${REPORT}`],
    ["two advertising reports", `043e1a0202${REPORT}${REPORT}`],
    ["a complete answer", "040e0401030c00"],
    ["a status answer", "040f0400010320"],
    ["a version", "040e0c0101100009000009f1050000"],
    ["another program's scan switch", "010c20020001"],
  ])("lets %s through unchanged", (_what, hex) => {
    expect(soundPackets(fromHex(hex)).map(toHex)).toEqual([hex]);
  });

  it.each([
    ["nothing", ""],
    ["a length that is too long", "040e0501030c00"],
    ["a length that is too short", "040e0301030c00"],
    ["an answer without status", "040e03010000"],
    ["a version that is cut short", "040e0401011000"],
    ["an address that is cut short", "040e080109100001020304"],
    ["a report that is cut short", "043e0d02010301060504030201020102"],
    ["a report with a byte too many", `043e0f0201${REPORT}00`],
    ["fewer reports than announced", `043e0e0202${REPORT}`],
    ["more reports than announced", `043e1a0201${REPORT}${REPORT}`],
    ["no report", "043e020200"],
    ["a report longer than an advertisement", `043e2c02010301060504030201 20${"00".repeat(32)}c4`],
    ["a connection", "043e13010000000000000000000000000000000000"],
    ["a disconnection", "04050400010013"],
    ["connection data", "0201000300aabbcc"],
    ["a command that is cut short", "010c2001"],
    ["another command", "010a20010001"],
  ])("drops %s", (_what, hex) => {
    expect(soundPackets(fromHex(hex.replaceAll(" ", "")))).toEqual([]);
  });

  it("takes extended reports apart, without the unfinished ones", () => {
    const unfinished = `20${EXTENDED.slice(2)}`;
    const event = fromHex(`043e500d03${EXTENDED}${unfinished}${EXTENDED}`);
    const single = `043e1c0d01${EXTENDED}`;
    expect(soundPackets(event).map(toHex)).toEqual([single, single]);
  });

  it("gives sound packets or none for arbitrary bytes, and its own output passes again", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (const packet of soundPackets(bytes)) {
          expect(soundPackets(packet).map(toHex)).toEqual([toHex(packet)]);
        }
      }),
      { seed: 3 },
    );
  });
});
