import { ascii, ByteReader, concat } from "./bytes.ts";
import type { CryptoSuite } from "./crypto/suite.ts";
import { AEAD_TAG_BYTES } from "./crypto/suite.ts";
import { DecodeError, WeakKeyError } from "./errors.ts";
import { ENC_BYTES, hpkeOpen, hpkeSeal, type Sealed } from "./hpke.ts";
import { putIdOf } from "./ids.ts";
import { HPKE_INFO, PROTOCOL_VERSION } from "./params.ts";
import { decodeSighting, encodeSighting, SIGHTING_BYTES, type Sighting } from "./sighting.ts";

/** Bytes of a sealed sighting without its encapsulated key. */
export const CIPHERTEXT_BYTES: number = SIGHTING_BYTES + AEAD_TAG_BYTES;
/** `version(1) || enc(32) || ciphertext(80)`. */
export const ENVELOPE_BYTES: number = 1 + ENC_BYTES + CIPHERTEXT_BYTES;

const INFO: Uint8Array = ascii(HPKE_INFO);
const VERSION: Uint8Array = Uint8Array.of(PROTOCOL_VERSION);

/**
 * Seals a sighting to the key that was heard.
 * @param ephemeralSecret 32 fresh random bytes, used once.
 * @returns the 113-byte envelope.
 * @throws {WeakKeyError} when the public key has low order: such a key must never be sealed to.
 * @see docs/protocol.md section 6.4
 */
export function sealSighting(
  crypto: CryptoSuite,
  ephemeralSecret: Uint8Array,
  publicKey: Uint8Array,
  sighting: Sighting,
): Uint8Array {
  const aad = concat(VERSION, putIdOf(crypto, publicKey));
  const plaintext = encodeSighting(sighting);
  const sealed = hpkeSeal(crypto, ephemeralSecret, publicKey, INFO, aad, plaintext);
  return concat(VERSION, sealed.enc, sealed.ciphertext);
}

/** What opens the reports of one epoch. Make it with `epochOpener`. */
export interface EpochOpener {
  readonly publicKey: Uint8Array;
  /** Key agreement of the epoch private key. @throws {WeakKeyError} */
  readonly agree: (enc: Uint8Array) => Uint8Array;
}

/** Prepares an epoch private key (32 bytes) for opening many reports. */
export function epochOpener(crypto: CryptoSuite, privateKey: Uint8Array): EpochOpener {
  return { publicKey: crypto.x25519Base(privateKey), agree: crypto.agreement(privateKey) };
}

/**
 * Opens an envelope with the key of the epoch its id belongs to.
 * @returns null when it was not sealed to this key, or was altered.
 * @throws {DecodeError} when it opens but holds something malformed, or has another version or length.
 * @see docs/protocol.md section 6.4
 */
export function openEnvelope(
  crypto: CryptoSuite,
  opener: EpochOpener,
  envelope: Uint8Array,
): Sighting | null {
  const parts = decodeEnvelope(envelope);
  const dh = agreeOrNull(opener, parts.enc);
  if (dh === null) return null;
  const aad = concat(VERSION, putIdOf(crypto, opener.publicKey));
  const plaintext = hpkeOpen(crypto, dh, opener.publicKey, INFO, aad, parts);
  return plaintext === null ? null : decodeSighting(plaintext);
}

/** Splits an envelope. @throws {DecodeError} any code but `bad-value`. @see docs/protocol.md section 6.4 */
function decodeEnvelope(envelope: Uint8Array): Sealed {
  const reader = new ByteReader(envelope);
  if (reader.u8("envelope.version") !== PROTOCOL_VERSION) {
    throw new DecodeError("unsupported-version", "envelope.version", 0);
  }
  const enc = reader.bytes("envelope.enc", ENC_BYTES);
  const ciphertext = reader.bytes("envelope.ciphertext", CIPHERTEXT_BYTES);
  reader.end("envelope");
  return { enc, ciphertext };
}

function agreeOrNull(opener: EpochOpener, enc: Uint8Array): Uint8Array | null {
  try {
    return opener.agree(enc);
  } catch (error) {
    if (error instanceof WeakKeyError) return null;
    throw error;
  }
}
