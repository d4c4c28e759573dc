import { ascii, concat } from "./bytes.ts";
import type { CryptoSuite } from "./crypto/suite.ts";
import { H_ENVELOPE, H_GET_ID, H_PUT_ID, H_TAG } from "./params.ts";

/** Bytes of the tag in a frame. */
export const TAG_BYTES: number = 6;
/** Bytes of a put_id. */
export const PUT_ID_BYTES: number = 32;
/** Bytes of a get_id. */
export const GET_ID_BYTES: number = 16;
/** Bytes of an envelope digest. */
const DIGEST_BYTES: number = 16;

/** `H(n, label, x)`: BLAKE2b with an n-byte output over the label and the input. */
export function labelledHash(
  crypto: CryptoSuite,
  length: number,
  label: string,
  input: Uint8Array,
): Uint8Array {
  return crypto.blake2b(length, concat(ascii(label), input));
}

/** The 6-byte tag that ties the frames of one epoch together. @see docs/protocol.md section 5.1 */
export function tagOf(crypto: CryptoSuite, publicKey: Uint8Array): Uint8Array {
  return labelledHash(crypto, 16, H_TAG, publicKey).slice(0, TAG_BYTES);
}

/** What an upload must show, 32 bytes. @see docs/protocol.md section 6.1 */
export function putIdOf(crypto: CryptoSuite, publicKey: Uint8Array): Uint8Array {
  return labelledHash(crypto, PUT_ID_BYTES, H_PUT_ID, publicKey);
}

/** What a server keeps and publishes, 16 bytes. @see docs/protocol.md section 6.1 */
export function getIdOf(crypto: CryptoSuite, putId: Uint8Array): Uint8Array {
  return labelledHash(crypto, GET_ID_BYTES, H_GET_ID, putId);
}

/** Tells two envelopes under one id apart, 16 bytes. @see docs/protocol.md section 6.5 */
export function envelopeDigest(crypto: CryptoSuite, envelope: Uint8Array): Uint8Array {
  return labelledHash(crypto, DIGEST_BYTES, H_ENVELOPE, envelope);
}
