import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import { ascii, fromHex, toHex, WeakKeyError } from "../src/index.ts";
import { loadSodium, nodePrimitives } from "../src/testing/index.ts";
import { hkdf } from "./reference/hpke.ts";
import { bytes } from "./support/samples.ts";

const sodium = await loadSodium();
const IMPLEMENTATIONS = [
  ["libsodium", sodium],
  ["node:crypto", nodePrimitives],
] as const;

const BASE = fromHex(`09${"00".repeat(31)}`);
const P = 2n ** 255n - 19n;

/** RFC 7748 section 5.2. */
const RFC_7748 = [
  [
    "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
    "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
    "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
  ],
  [
    "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
    "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
    "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
  ],
] as const;

/** Every u of low order: 0, 1, p - 1, both of order 8, and p, p + 1, which stand for 0 and 1. */
const LOW_ORDER: readonly bigint[] = [
  0n,
  1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
  P - 1n,
  P,
  P + 1n,
];

describe.each(IMPLEMENTATIONS)("X25519 of %s", (_name, suite) => {
  it.each(RFC_7748)("computes %s times %s as RFC 7748 says", (secret, point, product) => {
    expect(toHex(suite.x25519(fromHex(secret), fromHex(point)))).toBe(product);
  });

  it("iterates 1 and 1,000 times as RFC 7748 says", () => {
    let [secret, point] = [BASE, BASE];
    const seen: string[] = [];
    for (let round = 0; round < 1000; round++) {
      [secret, point] = [suite.x25519(secret, point), secret];
      seen.push(toHex(secret));
    }
    expect(seen[0]).toBe("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
    expect(seen[999]).toBe("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
  });

  it.each(LOW_ORDER.flatMap((u) => [u, u + 2n ** 255n]))("refuses u = %s", (u) => {
    const point = littleEndian(u);
    for (const secret of [BASE, fromHex("ff".repeat(32)), fromHex("00".repeat(32))]) {
      expect(() => suite.x25519(secret, point)).toThrow(WeakKeyError);
      expect(() => suite.agreement(secret)(point)).toThrow(WeakKeyError);
    }
  });

  it.each([0, 31, 33])("refuses secrets and points of %s bytes", (length) => {
    const wrong = new Uint8Array(length);
    expect(() => suite.x25519(wrong, BASE)).toThrow("expected 32 bytes");
    expect(() => suite.x25519(BASE, wrong)).toThrow("expected 32 bytes");
  });

  it("takes bytes that are a window into a larger buffer", () => {
    const [secret, point, product] = RFC_7748[0];
    const buffer = fromHex(`aa${secret}${point}bb`);
    expect(toHex(suite.x25519(buffer.subarray(1, 33), buffer.subarray(33, 65)))).toBe(product);
  });
});

describe("X25519 of both", () => {
  it("gives the same bytes for random secrets and points, on the curve or on its twist", () => {
    fc.assert(
      fc.property(bytes(32), bytes(32), (secret, point) => {
        const expected = toHex(sodium.x25519(secret, point));
        expect(toHex(nodePrimitives.x25519(secret, point))).toBe(expected);
        expect(toHex(nodePrimitives.agreement(secret)(point))).toBe(expected);
      }),
      effort(500, 11),
    );
  });

  it("gives the same bytes for u just above and below every edge", () => {
    const edges = [0n, P, 2n ** 254n, 2n ** 255n, 2n ** 255n + P, 2n ** 256n];
    const near = edges.flatMap((edge) =>
      Array.from({ length: 41 }, (_item, index) => edge + BigInt(index) - 20n),
    );
    const secret = fromHex(RFC_7748[0][0]);
    for (const u of near.filter((value) => value >= 0n && value < 2n ** 256n)) {
      const point = littleEndian(u);
      expect(
        resultOf(() => nodePrimitives.x25519(secret, point)),
        `${u}`,
      ).toBe(resultOf(() => sodium.x25519(secret, point)));
    }
  });

  it("multiplies the base point as a point like any other", () => {
    fc.assert(
      fc.property(bytes(32), (secret) => {
        expect(toHex(sodium.x25519Base(secret))).toBe(toHex(nodePrimitives.x25519(secret, BASE)));
      }),
      effort(100, 12),
    );
  });
});

/** RFC 8439 section 2.8.2. */
const AEAD = {
  key: fromHex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"),
  nonce: fromHex("070000004041424344454647"),
  aad: fromHex("50515253c0c1c2c3c4c5c6c7"),
  plaintext: ascii(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  ),
  sealed:
    "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6" +
    "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36" +
    "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc" +
    "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691",
};

describe.each(IMPLEMENTATIONS)("ChaCha20-Poly1305 of %s", (_name, suite) => {
  const { key, nonce, aad, plaintext, sealed } = AEAD;

  it("seals and opens as RFC 8439 says", () => {
    expect(toHex(suite.aeadSeal(key, nonce, aad, plaintext))).toBe(sealed);
    expect(suite.aeadOpen(key, nonce, aad, fromHex(sealed))).toEqual(plaintext);
  });

  it("opens no truncation", () => {
    for (let length = 0; length < sealed.length / 2; length++) {
      expect(suite.aeadOpen(key, nonce, aad, fromHex(sealed).subarray(0, length))).toBeNull();
    }
  });

  it("opens nothing with a bit flipped in ciphertext, tag, nonce, key or associated data", () => {
    for (const flipped of flips(fromHex(sealed))) {
      expect(suite.aeadOpen(key, nonce, aad, flipped)).toBeNull();
    }
    for (const flipped of flips(aad)) {
      expect(suite.aeadOpen(key, nonce, flipped, fromHex(sealed))).toBeNull();
    }
    for (const flipped of flips(nonce)) {
      expect(suite.aeadOpen(key, flipped, aad, fromHex(sealed))).toBeNull();
    }
    for (const flipped of flips(key)) {
      expect(suite.aeadOpen(flipped, nonce, aad, fromHex(sealed))).toBeNull();
    }
  });

  it.each([0, 31, 33])("refuses a key of %s bytes", (length) => {
    const wrong = new Uint8Array(length);
    expect(() => suite.aeadOpen(wrong, nonce, aad, fromHex(sealed))).toThrow("aead.key");
  });

  it.each([0, 8, 24])("refuses a nonce of %s bytes", (length) => {
    const wrong = new Uint8Array(length);
    expect(() => suite.aeadOpen(key, wrong, aad, fromHex(sealed))).toThrow("aead.nonce");
  });
});

describe("ChaCha20-Poly1305 of both", () => {
  it("gives the same bytes and opens the other's", () => {
    const texts = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(bytes(32), bytes(12), texts, texts, (key, nonce, aad, plaintext) => {
        const sealed = sodium.aeadSeal(key, nonce, aad, plaintext);
        expect(toHex(nodePrimitives.aeadSeal(key, nonce, aad, plaintext))).toBe(toHex(sealed));
        expect(nodePrimitives.aeadOpen(key, nonce, aad, sealed)).toEqual(plaintext);
        expect(sodium.aeadOpen(key, nonce, aad, sealed)).toEqual(plaintext);
      }),
      effort(300, 13),
    );
  });
});

describe("HMAC-SHA-256", () => {
  it("makes up HKDF as node:crypto has it", () => {
    const texts = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(
        texts,
        texts,
        texts,
        fc.integer({ min: 1, max: 32 }),
        (ikm, salt, info, length) => {
          const prk = nodePrimitives.hmacSha256(salt, ikm);
          const block = nodePrimitives
            .hmacSha256(prk, Uint8Array.of(...info, 1))
            .subarray(0, length);
          expect(toHex(block)).toBe(hkdf(toHex(ikm), toHex(salt), toHex(info), length));
        },
      ),
      effort(200, 14),
    );
  });
});

function littleEndian(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, "0")).reverse();
}

function resultOf(call: () => Uint8Array): string {
  try {
    return toHex(call());
  } catch (error) {
    if (error instanceof WeakKeyError) return error.code;
    throw error;
  }
}

function* flips(original: Uint8Array): Generator<Uint8Array> {
  for (let bit = 0; bit < 8 * original.length; bit++) {
    const flipped = original.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    yield flipped;
  }
}
