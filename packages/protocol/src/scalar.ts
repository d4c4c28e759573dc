import { assertLength, fromHex, toHex } from "./bytes.ts";
import { KEY_BYTES } from "./crypto/suite.ts";
import { UsageError } from "./errors.ts";

/** Order of the prime-order subgroup of Curve25519 (RFC 7748 section 4.1). */
const ORDER: bigint = 2n ** 252n + 27742317777372353535851937790883648493n;
const COFACTOR: bigint = 8n;
/** What clamping sets. */
const TOP_BIT: bigint = 2n ** 254n;

/**
 * A clamped scalar `s` with `X25519(s, u) = X25519(r, X25519(d, u))` for every `u` on the curve.
 *
 * Both factors are multiples of 8 after clamping, so `s` must be a multiple of 8 that is congruent to `r d` modulo
 * the order; modulo 8 times the order there is one. It, or its negative (which has the same u-coordinate), has bit
 * 254 set and fits 255 bits, because 8 times the order exceeds 2^255 by less than 2^128: keys outside have odds of
 * 2^-126 and are refused. Big integers are not constant time: this runs on the owner's own machine, where nobody
 * else times it.
 * @throws {UsageError} when no such scalar exists: only keys chosen for it have none.
 * @see docs/protocol.md section 4.7
 */
export function blindScalar(r: Uint8Array, d: Uint8Array): Uint8Array {
  assertLength("blindScalar.r", r, KEY_BYTES);
  assertLength("blindScalar.d", d, KEY_BYTES);
  const product = ((clamp(r) * (clamp(d) / COFACTOR)) % ORDER) * COFACTOR;
  const scalar = product >= TOP_BIT ? product : COFACTOR * ORDER - product;
  if (scalar >= 2n * TOP_BIT) throw new UsageError("blindScalar: these keys have no single scalar");
  return littleEndian(scalar);
}

function clamp(secret: Uint8Array): bigint {
  const bytes = secret.slice().reverse();
  const value = BigInt(`0x${toHex(bytes)}`);
  return (value & (TOP_BIT - COFACTOR)) | TOP_BIT;
}

function littleEndian(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, "0")).reverse();
}
