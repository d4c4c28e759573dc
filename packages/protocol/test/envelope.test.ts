import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import {
  blindScalar,
  ENVELOPE_BYTES,
  epochOpener,
  loadCrypto,
  openEnvelope,
  type Sighting,
  sealSighting,
  toHex,
  WeakKeyError,
} from "../src/index.ts";
import { seededRandom } from "../src/testing/index.ts";
import { codeOf, isTotal } from "./support/refusal.ts";
import { anyBytes, bytes, envelopes, sightings } from "./support/samples.ts";

const crypto = await loadCrypto();
const random = seededRandom("envelope tests");
const alice = epochOpener(crypto, blindScalar(random.bytes(32), random.bytes(32)));
const aliceLater = epochOpener(crypto, blindScalar(random.bytes(32), random.bytes(32)));
const [sighting] = fc.sample(sightings, { numRuns: 1, seed: 51 }) as [Sighting];
const report = sealSighting(crypto, random.bytes(32), alice.publicKey, sighting);

describe("a sealed report", () => {
  it("opens to what was sealed, for its own epoch alone", () => {
    fc.assert(
      fc.property(sightings, bytes(32), (original, ephemeral) => {
        const envelope = sealSighting(crypto, ephemeral, alice.publicKey, original);
        expect(envelope.length).toBe(ENVELOPE_BYTES);
        expect(openEnvelope(crypto, alice, envelope)).toEqual(original);
        expect(openEnvelope(crypto, aliceLater, envelope)).toBeNull();
      }),
      effort(50, 52),
    );
  });

  it("opens at no truncation", () => {
    for (let length = 0; length < report.length; length++) {
      const cut = report.subarray(0, length);
      expect(codeOf(() => openEnvelope(crypto, alice, cut))).toBe("truncated");
    }
  });

  it("opens with none of its bits flipped, the one that X25519 ignores included", () => {
    const opening = [];
    for (let bit = 0; bit < 8 * report.length; bit++) {
      if (opens(flip(report, bit))) opening.push(bit);
    }
    expect(opening).toEqual([]);
  });

  it("opens with no bit flipped, whatever it holds", () => {
    fc.assert(
      fc.property(sightings, bytes(32), fc.nat(8 * ENVELOPE_BYTES - 1), (original, secret, bit) => {
        const envelope = sealSighting(crypto, secret, alice.publicKey, original);
        return !opens(flip(envelope, bit));
      }),
      effort(200, 53),
    );
  });

  it("opens with no byte more", () => {
    const longer = new Uint8Array(report.length + 1);
    longer.set(report);
    expect(codeOf(() => openEnvelope(crypto, alice, longer))).toBe("trailing-bytes");
  });

  it("does not open for another id, even with the same key agreement", () => {
    const moved = { publicKey: aliceLater.publicKey, agree: alice.agree };
    expect(openEnvelope(crypto, moved, report)).toBeNull();
  });

  it("is never found in arbitrary bytes, and they raise nothing but a DecodeError", () => {
    fc.assert(
      fc.property(fc.oneof(anyBytes(200), envelopes), (data) =>
        isTotal(() => expect(openEnvelope(crypto, alice, data)).toBeNull()),
      ),
      effort(300, 54),
    );
  });

  it("differs each time, for all to see: neither key nor content shows", () => {
    const again = sealSighting(crypto, random.bytes(32), alice.publicKey, sighting);
    const common = [...again].filter((byte, index) => index > 0 && byte === report[index]);
    expect(common.length).toBeLessThan(8);
    expect(toHex(again)).not.toContain(toHex(alice.publicKey).slice(0, 16));
  });

  it("is never made for a key of low order", () => {
    const zeros = new Uint8Array(32);
    expect(() => sealSighting(crypto, random.bytes(32), zeros, sighting)).toThrow(WeakKeyError);
  });
});

function opens(envelope: Uint8Array): boolean {
  let opened: Sighting | null = null;
  codeOf(() => {
    opened = openEnvelope(crypto, alice, envelope);
  });
  return opened !== null;
}

function flip(original: Uint8Array, bit: number): Uint8Array {
  const flipped = original.slice();
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}
