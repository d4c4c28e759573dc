import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import {
  decodeSighting,
  encodeSighting,
  loadCrypto,
  relayMarkOf,
  type Sighting,
  stampOf,
  toHex,
  UsageError,
} from "../src/index.ts";
import { codeOf, isTotal } from "./support/refusal.ts";
import { anyBytes, bytes, sightings } from "./support/samples.ts";

const crypto = await loadCrypto();
const [plain] = fc.sample(sightings, { numRuns: 1, seed: 61 }) as [Sighting];

describe("a sighting", () => {
  it("is what was encoded", () => {
    fc.assert(
      fc.property(sightings, (sighting) => {
        expect(decodeSighting(encodeSighting(sighting))).toEqual(sighting);
      }),
      effort(300, 62),
    );
  });

  it("encodes to the bytes it was decoded from", () => {
    const mutated = fc.tuple(sightings, fc.nat(52), fc.nat(255)).map(([sighting, at, value]) => {
      const data = encodeSighting(sighting);
      data[at] = value;
      return data;
    });
    let accepted = 0;
    fc.assert(
      fc.property(mutated, (data) => {
        if (codeOf(() => decodeSighting(data)) !== undefined) return;
        accepted += 1;
        expect(encodeSighting(decodeSighting(data))).toEqual(data);
      }),
      effort(500, 63),
    );
    expect(accepted).toBeGreaterThan(100);
  });

  it("is decoded from arbitrary bytes or refused with a DecodeError", () => {
    fc.assert(
      fc.property(fc.oneof(anyBytes(80), bytes(64)), (data) => isTotal(() => decodeSighting(data))),
      effort(2000, 64),
    );
  });

  it.each<[string, Partial<Sighting>]>([
    ["a time before 1970", { seenAt: -1 }],
    ["a time after 2106", { seenAt: 2 ** 32 }],
    ["a fraction of a second", { seenAt: 0.5 }],
    ["a latitude beyond the pole", { latitudeE7: 900_000_001 }],
    ["a longitude beyond the antimeridian", { longitudeE7: -1_800_000_001 }],
    ["a latitude that is no number", { latitudeE7: Number.NaN }],
    ["an accuracy that was not saturated", { accuracyDm: 65_536 }],
    ["an altitude out of range", { altitudeMetres: 32_768 }],
    ["a signal strength out of range", { rssiDbm: 128 }],
    ["a count that was not saturated", { framesHeard: 65_536 }],
    ["a status above 7", { status: 8 }],
    ["a short token", { token: new Uint8Array(3) }],
  ])("cannot be encoded with %s", (_name, wrong) => {
    expect(() => encodeSighting({ ...plain, ...wrong })).toThrow(UsageError);
  });

  it("keeps coordinates out of its errors", () => {
    for (const latitudeE7 of [481234567.5, 1_481_234_567]) {
      const call = () => encodeSighting({ ...plain, latitudeE7 });
      expect(call).toThrow("sighting.latitude");
      expect(call).not.toThrow("481234567");
    }
  });
});

describe("a relay mark", () => {
  it("is equal within an epoch and differs between relays and between epochs", () => {
    fc.assert(
      fc.property(bytes(32), bytes(32), bytes(32), (secret, key, other) => {
        fc.pre(toHex(key) !== toHex(other) && toHex(secret) !== toHex(other));
        const mark = toHex(relayMarkOf(crypto, secret, key));
        expect(toHex(relayMarkOf(crypto, secret, key))).toBe(mark);
        expect(toHex(relayMarkOf(crypto, secret, other))).not.toBe(mark);
        expect(toHex(relayMarkOf(crypto, other, key))).not.toBe(mark);
      }),
      effort(100, 65),
    );
  });
});

describe("a stamp", () => {
  const changes: readonly Partial<Sighting>[] = [
    { seenAt: plain.seenAt ^ 1 },
    { latitudeE7: -plain.latitudeE7 - 1 },
    { longitudeE7: -plain.longitudeE7 - 1 },
    { accuracyDm: plain.accuracyDm ^ 1 },
    { altitudeMetres: plain.altitudeMetres ^ 1 },
    { source: plain.source === "gnss" ? "fixed" : "gnss" },
    { rssiDbm: plain.rssiDbm ^ 1 },
    { framesHeard: plain.framesHeard ^ 1 },
    { secondsHeard: plain.secondsHeard ^ 1 },
    { status: plain.status ^ 1 },
    { token: plain.token.map((byte) => byte ^ 1) },
    { relayMark: plain.relayMark.map((byte) => byte ^ 1) },
  ];
  const [key, putId] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const stamp = toHex(stampOf(crypto, key, plain, putId));

  it.each(changes)("changes with %o", (change) => {
    expect(toHex(stampOf(crypto, key, { ...plain, ...change }, putId))).not.toBe(stamp);
  });

  it("changes with the id and with the key, and not with the stamp field", () => {
    expect(toHex(stampOf(crypto, key, plain, key))).not.toBe(stamp);
    expect(toHex(stampOf(crypto, putId, plain, putId))).not.toBe(stamp);
    const restamped: Sighting = { ...plain, stamp: new Uint8Array(16).fill(9) };
    expect(toHex(stampOf(crypto, key, restamped, putId))).toBe(stamp);
  });
});
