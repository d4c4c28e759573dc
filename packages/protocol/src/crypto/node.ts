import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
} from "node:crypto";
import { assertLength, concat, isAllZero } from "../bytes.ts";
import { WeakKeyError } from "../errors.ts";
import { AEAD_TAG_BYTES, type CryptoSuite, KEY_BYTES, NONCE_BYTES } from "./suite.ts";

/** What `node:crypto` offers: OpenSSL's X25519, HMAC and AEAD. */
export type NodePrimitives = Pick<
  CryptoSuite,
  "x25519" | "agreement" | "hmacSha256" | "aeadSeal" | "aeadOpen"
>;

/** `node:crypto` behind the suite's own interface. */
export const nodePrimitives: NodePrimitives = {
  x25519: (secret, point) => agreement(secret)(point),
  agreement,
  hmacSha256: (key, message) => new Uint8Array(createHmac("sha256", key).update(message).digest()),
  aeadSeal,
  aeadOpen,
};

/** JWK import is 14 times faster than DER for public keys. A private JWK wants an `x`, which OpenSSL recomputes. */
const UNUSED_X: string = base64url(new Uint8Array(KEY_BYTES));

function agreement(secret: Uint8Array): (point: Uint8Array) => Uint8Array {
  assertLength("x25519.secret", secret, KEY_BYTES);
  const key = { kty: "OKP", crv: "X25519", d: base64url(secret), x: UNUSED_X };
  const privateKey = createPrivateKey({ key, format: "jwk" });
  return (point) => agree(privateKey, point);
}

function agree(privateKey: KeyObject, point: Uint8Array): Uint8Array {
  assertLength("x25519.point", point, KEY_BYTES);
  const key = { kty: "OKP", crv: "X25519", x: base64url(point) };
  const publicKey = createPublicKey({ key, format: "jwk" });
  let shared: Uint8Array;
  try {
    shared = new Uint8Array(diffieHellman({ privateKey, publicKey }));
  } catch (cause) {
    throw new WeakKeyError({ cause });
  }
  if (isAllZero(shared)) throw new WeakKeyError();
  return shared;
}

function aeadSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const cipher = createCipheriv("chacha20-poly1305", key, nonce, {
    authTagLength: AEAD_TAG_BYTES,
  });
  cipher.setAAD(aad, { plaintextLength: plaintext.length });
  return concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

function aeadOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array | null {
  assertLength("aead.key", key, KEY_BYTES);
  assertLength("aead.nonce", nonce, NONCE_BYTES);
  const length = ciphertext.length - AEAD_TAG_BYTES;
  if (length < 0) return null;
  const decipher = createDecipheriv("chacha20-poly1305", key, nonce, {
    authTagLength: AEAD_TAG_BYTES,
  });
  decipher.setAAD(aad, { plaintextLength: length });
  decipher.setAuthTag(ciphertext.subarray(length));
  const plaintext = decipher.update(ciphertext.subarray(0, length));
  try {
    return concat(plaintext, decipher.final());
  } catch {
    return null;
  }
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}
