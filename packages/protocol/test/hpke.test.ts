import { Chacha20Poly1305 } from "@hpke/chacha20poly1305";
import { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { extract } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import {
  ascii,
  blindScalar,
  concat,
  encodeSighting,
  epochOpener,
  fromHex,
  HPKE_INFO,
  hpkeOpen,
  hpkeSeal,
  loadCrypto,
  openEnvelope,
  putIdOf,
  sealSighting,
  toHex,
} from "../src/index.ts";
import { seededRandom } from "../src/testing/index.ts";
import { publicOf, twoSteps, x25519 } from "./reference/curve.ts";
import { open, schedule } from "./reference/hpke.ts";
import { openInTwoSteps } from "./reference/reports.ts";
import { bytes, sightings } from "./support/samples.ts";

const crypto = await loadCrypto();
const stock = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Chacha20Poly1305(),
});
const INFO = ascii(HPKE_INFO);

/** RFC 9180 appendix A.2.1, and the first message of A.2.1.1. */
const RFC_9180 = {
  info: "4f6465206f6e2061204772656369616e2055726e",
  ephemeralSecret: "f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600",
  enc: "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
  publicKey: "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a",
  privateKey: "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb",
  sharedSecret: "0bbe78490412b4bbea4812666f7916932b828bba79942424abb65244930d69a7",
  key: "ad2744de8e17f4ebba575b3f5f5a8fa1f69c2a07f6e7500bc60ca6e3e3ec1c91",
  baseNonce: "5c4d98150661b848853b547f",
  aad: "436f756e742d30",
  plaintext: "4265617574792069732074727574682c20747275746820626561757479",
  ciphertext:
    "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
} as const;

describe("HPKE", () => {
  const rfc = RFC_9180;
  const [info, aad, publicKey] = [rfc.info, rfc.aad, rfc.publicKey].map(fromHex) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];

  it("seals the message of RFC 9180 appendix A.2", () => {
    const plaintext = fromHex(rfc.plaintext);
    const sealed = hpkeSeal(crypto, fromHex(rfc.ephemeralSecret), publicKey, info, aad, plaintext);
    expect(toHex(sealed.enc)).toBe(rfc.enc);
    expect(toHex(sealed.ciphertext)).toBe(rfc.ciphertext);
  });

  it("opens the message of RFC 9180 appendix A.2", () => {
    const enc = fromHex(rfc.enc);
    const dh = crypto.x25519(fromHex(rfc.privateKey), enc);
    const sealed = { enc, ciphertext: fromHex(rfc.ciphertext) };
    const plaintext = hpkeOpen(crypto, dh, publicKey, info, aad, sealed);
    expect(plaintext && toHex(plaintext)).toBe(rfc.plaintext);
  });

  it("has a reference with every intermediate value of RFC 9180 appendix A.2", () => {
    expect(publicOf(rfc.ephemeralSecret)).toBe(rfc.enc);
    const dh = x25519(rfc.privateKey, rfc.enc) ?? "";
    expect(schedule(dh, rfc.enc, rfc.publicKey, rfc.info)).toMatchObject({
      sharedSecret: rfc.sharedSecret,
      key: rfc.key,
      baseNonce: rfc.baseNonce,
    });
    expect(open(rfc.key, rfc.baseNonce, rfc.aad, rfc.ciphertext)).toBe(rfc.plaintext);
  });

  it("uses an HMAC that agrees with an independent library", () => {
    const texts = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(texts, texts, (key, message) => {
        expect(toHex(crypto.hmacSha256(key, message))).toBe(toHex(hmac(sha256, key, message)));
        expect(toHex(crypto.hmacSha256(key, message))).toBe(toHex(extract(sha256, message, key)));
      }),
      effort(200, 21),
    );
  });
});

describe("a stock HPKE library", () => {
  const ROUNDS = 30;

  it("seals what opens in one step and in two", async () => {
    const random = seededRandom("stock seals");
    for (const [sighting] of fc.sample(fc.tuple(sightings), { numRuns: ROUNDS, seed: 22 })) {
      const [r, d] = [random.bytes(32), random.bytes(32)];
      const opener = epochOpener(crypto, blindScalar(r, d));
      const recipientPublicKey = await stock.kem.deserializePublicKey(copyOf(opener.publicKey));
      const aad = concat(Uint8Array.of(1), putIdOf(crypto, opener.publicKey));
      const plaintext = encodeSighting(sighting);
      const sealed = await stock.seal(
        { recipientPublicKey, info: copyOf(INFO) },
        copyOf(plaintext),
        copyOf(aad),
      );
      const parts = [sealed.enc, sealed.ct].map((part) => new Uint8Array(part));
      const envelope = concat(Uint8Array.of(1), ...parts);
      expect(openEnvelope(crypto, opener, envelope)).toEqual(sighting);
      expect(openInTwoSteps(toHex(r), toHex(d), toHex(envelope))).toBe(toHex(plaintext));
    }
  });

  it("opens what we seal to the public key of a beacon", async () => {
    const random = seededRandom("stock opens");
    for (const [sighting] of fc.sample(fc.tuple(sightings), { numRuns: ROUNDS, seed: 23 })) {
      const privateKey = blindScalar(random.bytes(32), random.bytes(32));
      const { publicKey } = epochOpener(crypto, privateKey);
      const envelope = sealSighting(crypto, random.bytes(32), publicKey, sighting);
      const recipientKey = await stock.kem.importKey("raw", copyOf(privateKey), false);
      const aad = concat(Uint8Array.of(1), putIdOf(crypto, publicKey));
      const plaintext = await stock.open(
        { recipientKey, enc: copyOf(envelope.subarray(1, 33)), info: copyOf(INFO) },
        copyOf(envelope.subarray(33)),
        copyOf(aad),
      );
      expect(toHex(new Uint8Array(plaintext))).toBe(toHex(encodeSighting(sighting)));
    }
  });

  it("agrees on a key in two steps with every honest sender", () => {
    fc.assert(
      fc.property(bytes(32), bytes(32), bytes(32), (r, d, ephemeral) => {
        const publicKey = x25519(toHex(r), publicOf(toHex(d))) ?? "";
        const sender = x25519(toHex(ephemeral), publicKey);
        expect(twoSteps(toHex(r), toHex(d), publicOf(toHex(ephemeral)))).toBe(sender);
      }),
      effort(100, 24),
    );
  });
});

/** The library wants whole ArrayBuffers. */
function copyOf(view: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(view.length);
  new Uint8Array(copy).set(view);
  return copy;
}
