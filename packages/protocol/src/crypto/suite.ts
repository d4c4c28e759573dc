/** The operations the protocol needs, and no more. Obtain one with `loadCrypto()`. */
export interface CryptoSuite extends KeyAgreement, Aead {
  /** BLAKE2b of `message`, `length` bytes (16 to 64), keyed when `key` is given. */
  blake2b(length: number, message: Uint8Array, key?: Uint8Array): Uint8Array;
  /**
   * libsodium's `crypto_kdf_derive_from_key`: 32 bytes from a 32-byte key, a whole number from 0 to 2^53 - 1 and a
   * context of 8 ASCII characters. @throws {UsageError}
   */
  kdf(key: Uint8Array, id: number, context: string): Uint8Array;
  /** HMAC-SHA-256, 32 bytes: the building block of HKDF (RFC 5869). */
  hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array;
}

/** X25519 of RFC 7748. */
export interface KeyAgreement {
  /** `X25519(secret, point)`. @throws {WeakKeyError} when the result is all zero. */
  x25519(secret: Uint8Array, point: Uint8Array): Uint8Array;
  /** `X25519(secret, 9)`. */
  x25519Base(secret: Uint8Array): Uint8Array;
  /** `x25519` with the secret prepared once, for many points. */
  agreement(secret: Uint8Array): (point: Uint8Array) => Uint8Array;
}

/** ChaCha20-Poly1305 of RFC 8439: 32-byte key, 12-byte nonce, 16-byte tag at the end. */
export interface Aead {
  aeadSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** The plaintext, or null when the tag does not match. @throws {UsageError} for a key or nonce of a wrong length. */
  aeadOpen(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    ciphertext: Uint8Array,
  ): Uint8Array | null;
}

/** Bytes of every key, secret and Curve25519 point. */
export const KEY_BYTES: number = 32;
/** Bytes of an AEAD nonce. */
export const NONCE_BYTES: number = 12;
/** Bytes by which the AEAD lengthens a message. */
export const AEAD_TAG_BYTES: number = 16;
