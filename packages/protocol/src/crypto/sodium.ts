import sodium from "libsodium-wrappers";
import { assertLength, isAllZero } from "../bytes.ts";
import { WeakKeyError } from "../errors.ts";
import { AEAD_TAG_BYTES, type CryptoSuite, KEY_BYTES } from "./suite.ts";

/** What libsodium offers; its WebAssembly build has no HMAC-SHA-256. */
export type SodiumPrimitives = Omit<CryptoSuite, "hmacSha256">;

/** Resolves once libsodium's WebAssembly module is ready: before that none of its functions exist. */
export async function loadSodium(): Promise<SodiumPrimitives> {
  await sodium.ready;
  return {
    x25519,
    x25519Base: (secret) => sodium.crypto_scalarmult_base(secret),
    agreement: (secret) => (point) => x25519(secret, point),
    blake2b: (length, message, key) => sodium.crypto_generichash(length, message, key ?? null),
    kdf: (key, id, context) => sodium.crypto_kdf_derive_from_key(KEY_BYTES, id, context, key),
    aeadSeal: (key, nonce, aad, plaintext) =>
      sodium.crypto_aead_chacha20poly1305_ietf_encrypt(plaintext, aad, null, nonce, key),
    aeadOpen,
  };
}

function x25519(secret: Uint8Array, point: Uint8Array): Uint8Array {
  assertLength("x25519.secret", secret, KEY_BYTES);
  assertLength("x25519.point", point, KEY_BYTES);
  let shared: Uint8Array;
  try {
    shared = sodium.crypto_scalarmult(secret, point);
  } catch (cause) {
    throw new WeakKeyError({ cause });
  }
  if (isAllZero(shared)) throw new WeakKeyError();
  return shared;
}

function aeadOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array | null {
  if (ciphertext.length < AEAD_TAG_BYTES) return null;
  try {
    return sodium.crypto_aead_chacha20poly1305_ietf_decrypt(null, ciphertext, aad, nonce, key);
  } catch {
    return null;
  }
}
