import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import {
  blindScalar,
  deriveDayKeys,
  epochPrivateKey,
  epochPublicKey,
  fromHex,
  loadCrypto,
  toHex,
  UsageError,
} from "../src/index.ts";
import { publicOf, twoSteps, x25519 } from "./reference/curve.ts";
import { bytes } from "./support/samples.ts";

const crypto = await loadCrypto();

const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const TOP = 2n ** 254n;
/** Products from here to 8 ORDER, and as far from 0, have no clamped scalar. */
const BEYOND = 2n ** 255n;

const EDGE_SECRETS = ["00", "ff", "01", "80", "7f", "f8"].map((byte) => fromHex(byte.repeat(32)));

describe("the single scalar", () => {
  it("does what two steps do, on every point of the curve", () => {
    fc.assert(
      fc.property(bytes(32), bytes(32), bytes(32).filter(isOnCurve), (r, d, point) => {
        expect(oneStep(r, d, point)).toBe(twoSteps(toHex(r), toHex(d), toHex(point)));
      }),
      effort(200, 31),
    );
  });

  it("does what two steps do for edge scalars", () => {
    const point = publicOf("0f".repeat(32));
    for (const r of EDGE_SECRETS) {
      for (const d of EDGE_SECRETS) {
        expect(oneStep(r, d, fromHex(point))).toBe(twoSteps(toHex(r), toHex(d), point));
      }
    }
  });

  it("does what two steps do for edge points: small orders, other encodings, the top bit", () => {
    const [r, d] = [fromHex("5a".repeat(32)), fromHex("c3".repeat(32))];
    const near = [0n, P, 2n ** 255n].flatMap((edge) =>
      Array.from({ length: 20 }, (_item, index) => edge + BigInt(index)),
    );
    const points = near.map(littleEndian).filter(isOnCurve);
    expect(points.length).toBeGreaterThan(20);
    for (const point of points) {
      expect(oneStep(r, d, point), toHex(point)).toBe(twoSteps(toHex(r), toHex(d), toHex(point)));
    }
  });

  it("may differ from two steps on the twist, where no honest sender can be", () => {
    const point = littleEndian(2n);
    const [r, d] = [fromHex("5a".repeat(32)), fromHex("c3".repeat(32))];
    expect(isOnCurve(point)).toBe(false);
    expect(oneStep(r, d, point)).not.toBe(twoSteps(toHex(r), toHex(d), toHex(point)));
  });

  it("is a clamped scalar: a multiple of 8 with bit 254 set and bit 255 clear", () => {
    fc.assert(
      fc.property(bytes(32), bytes(32), (r, d) => {
        const scalar = numberOf(blindScalar(r, d));
        expect(scalar % 8n).toBe(0n);
        expect(scalar >> 254n).toBe(1n);
      }),
      effort(300, 32),
    );
  });

  it.each([
    ["the smallest product taken as it is", TOP, TOP],
    ["the largest product turned over", TOP - 8n, 8n * ORDER - TOP + 8n],
    ["the largest product taken as it is", BEYOND - 8n, BEYOND - 8n],
    ["the smallest product turned over", 8n * ORDER - BEYOND + 8n, BEYOND - 8n],
  ])("is right for %s", (_name, product, expected) => {
    const { r, d } = secretsWith(product);
    const point = publicOf("0f".repeat(32));
    expect(numberOf(blindScalar(r, d))).toBe(expected);
    expect(oneStep(r, d, fromHex(point))).toBe(twoSteps(toHex(r), toHex(d), point));
  });

  it.each([8n, 8n * ORDER - BEYOND, BEYOND, 8n * ORDER - 8n])(
    "is refused where there is none: product %s",
    (product) => {
      const { r, d } = secretsWith(product);
      expect(() => blindScalar(r, d)).toThrow(UsageError);
    },
  );

  it.each([0, 31, 33])("refuses secrets of %s bytes", (length) => {
    const good = new Uint8Array(32);
    expect(() => blindScalar(new Uint8Array(length), good)).toThrow(UsageError);
    expect(() => blindScalar(good, new Uint8Array(length))).toThrow(UsageError);
  });
});

describe("an epoch private key", () => {
  it("belongs to the public key that the beacon makes without it", () => {
    fc.assert(
      fc.property(bytes(32), fc.nat(100_000), bytes(32), (deviceKey, day, seed) => {
        const { privateKey } = deriveDayKeys(crypto, deviceKey, day);
        const heard = epochPublicKey(crypto, seed, crypto.x25519Base(privateKey));
        const derived = crypto.x25519Base(epochPrivateKey(crypto, seed, privateKey));
        expect(toHex(derived)).toBe(toHex(heard));
      }),
      effort(200, 33),
    );
  });
});

function oneStep(r: Uint8Array, d: Uint8Array, point: Uint8Array): string | null {
  return x25519(toHex(blindScalar(r, d)), toHex(point));
}

/** Whether u^3 + 486662 u^2 + u has a square root: then u is on the curve, else on its twist. */
function isOnCurve(point: Uint8Array): boolean {
  const u = (numberOf(point) % 2n ** 255n) % P;
  const square = (((u * u + 486662n * u + 1n) % P) * u) % P;
  return square === 0n || power(square, (P - 1n) / 2n, P) === 1n;
}

/** Two secrets whose clamped product, modulo 8 times the order, is the one wanted. */
function secretsWith(product: bigint): { r: Uint8Array; d: Uint8Array } {
  for (let r = TOP; ; r += 8n) {
    const eighth = ((product / 8n) * power(r, ORDER - 2n, ORDER)) % ORDER;
    const d = 8n * eighth;
    if (d >= TOP && d < 2n * TOP) return { r: littleEndian(r), d: littleEndian(d) };
  }
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function numberOf(bytesLittleEndian: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytesLittleEndian.slice().reverse())}`);
}

function littleEndian(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, "0")).reverse();
}
