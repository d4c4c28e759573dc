import { ascii, concat } from "./bytes.ts";
import { type CryptoSuite, KEY_BYTES, NONCE_BYTES } from "./crypto/suite.ts";

// HPKE (RFC 9180) base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305; one message a context.

/** Bytes of an encapsulated key. */
export const ENC_BYTES: number = KEY_BYTES;

const KEM_SUITE: Uint8Array = concat(ascii("KEM"), Uint8Array.of(0x00, 0x20));
const HPKE_SUITE: Uint8Array = concat(
  ascii("HPKE"),
  Uint8Array.of(0x00, 0x20, 0x00, 0x01, 0x00, 0x03),
);
const VERSION: Uint8Array = ascii("HPKE-v1");
const EMPTY: Uint8Array = new Uint8Array(0);
const MODE_BASE: Uint8Array = Uint8Array.of(0);

/** Key and nonce of the only message. */
interface MessageKey {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
}

/** The two halves of a sealed message: encapsulated key, and ciphertext with its tag. */
export interface Sealed {
  readonly enc: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/**
 * Seals to `publicKey` under a given ephemeral secret, which must be fresh and random.
 * @throws {WeakKeyError} when the public key has low order.
 */
export function hpkeSeal(
  crypto: CryptoSuite,
  ephemeralSecret: Uint8Array,
  publicKey: Uint8Array,
  info: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Sealed {
  const dh = crypto.x25519(ephemeralSecret, publicKey);
  const enc = crypto.x25519Base(ephemeralSecret);
  const { key, nonce } = messageKey(crypto, dh, enc, publicKey, info);
  return { enc, ciphertext: crypto.aeadSeal(key, nonce, aad, plaintext) };
}

/**
 * Opens what was sealed to `publicKey`, given the key agreement `dh` of its private key with `enc`.
 * @returns null when the message does not open.
 */
export function hpkeOpen(
  crypto: CryptoSuite,
  dh: Uint8Array,
  publicKey: Uint8Array,
  info: Uint8Array,
  aad: Uint8Array,
  sealed: Sealed,
): Uint8Array | null {
  const { key, nonce } = messageKey(crypto, dh, sealed.enc, publicKey, info);
  return crypto.aeadOpen(key, nonce, aad, sealed.ciphertext);
}

/** RFC 9180 sections 4.1 (ExtractAndExpand) and 5.1 (KeySchedule). */
function messageKey(
  crypto: CryptoSuite,
  dh: Uint8Array,
  enc: Uint8Array,
  publicKey: Uint8Array,
  info: Uint8Array,
): MessageKey {
  const eaePrk = labeledExtract(crypto, KEM_SUITE, EMPTY, "eae_prk", dh);
  const kemContext = concat(enc, publicKey);
  const shared = labeledExpand(crypto, KEM_SUITE, eaePrk, "shared_secret", kemContext, KEY_BYTES);
  const context = concat(
    MODE_BASE,
    labeledExtract(crypto, HPKE_SUITE, EMPTY, "psk_id_hash", EMPTY),
    labeledExtract(crypto, HPKE_SUITE, EMPTY, "info_hash", info),
  );
  const secret = labeledExtract(crypto, HPKE_SUITE, shared, "secret", EMPTY);
  return {
    key: labeledExpand(crypto, HPKE_SUITE, secret, "key", context, KEY_BYTES),
    nonce: labeledExpand(crypto, HPKE_SUITE, secret, "base_nonce", context, NONCE_BYTES),
  };
}

function labeledExtract(
  crypto: CryptoSuite,
  suite: Uint8Array,
  salt: Uint8Array,
  label: string,
  ikm: Uint8Array,
): Uint8Array {
  return crypto.hmacSha256(salt, concat(VERSION, suite, ascii(label), ikm));
}

/** `length` is at most 32, so that HKDF-Expand is a single block. */
function labeledExpand(
  crypto: CryptoSuite,
  suite: Uint8Array,
  prk: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const labeledInfo = concat(Uint8Array.of(0, length), VERSION, suite, ascii(label), info);
  return crypto.hmacSha256(prk, concat(labeledInfo, Uint8Array.of(1))).slice(0, length);
}
