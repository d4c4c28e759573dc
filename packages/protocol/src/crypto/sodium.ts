import sodium from "libsodium-wrappers";
import { assertLength, isAllZero } from "../bytes.ts";
import { UsageError, WeakKeyError } from "../errors.ts";
import { blake2bOf, type SodiumModule } from "./blake2b.ts";
import { AEAD_TAG_BYTES, type CryptoSuite, KEY_BYTES, NONCE_BYTES } from "./suite.ts";

/** What libsodium offers; its WebAssembly build has no HMAC-SHA-256. */
export type SodiumPrimitives = Omit<CryptoSuite, "hmacSha256">;

/** Resolves once libsodium's WebAssembly module is ready: before that none of its functions exist. */
export async function loadSodium(): Promise<SodiumPrimitives> {
  await sodium.ready;
  // The module below the wrapper, which its types leave out.
  const raw = sodium as unknown as { readonly libsodium: SodiumModule };
  return {
    x25519,
    x25519Base: (secret) => sodium.crypto_scalarmult_base(secret),
    agreement: (secret) => (point) => x25519(secret, point),
    blake2b: blake2bOf(raw.libsodium),
    kdf,
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

/** The wrapper takes numbers below 2^31 only, and big integers of the whole range. */
function kdf(key: Uint8Array, id: number, context: string): Uint8Array {
  if (!Number.isSafeInteger(id) || id < 0) {
    throw new UsageError("kdf.id: expected a whole number from 0 to 2^53 - 1");
  }
  return sodium.crypto_kdf_derive_from_key(KEY_BYTES, BigInt(id), context, key);
}

function aeadOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array | null {
  assertLength("aead.key", key, KEY_BYTES);
  assertLength("aead.nonce", nonce, NONCE_BYTES);
  if (ciphertext.length < AEAD_TAG_BYTES) return null;
  try {
    return sodium.crypto_aead_chacha20poly1305_ietf_decrypt(null, ciphertext, aad, nonce, key);
  } catch {
    return null;
  }
}
