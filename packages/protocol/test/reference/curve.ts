import { createPrivateKey, createPublicKey, diffieHellman } from "node:crypto";
import { join } from "./hex.ts";

const PKCS8_X25519 = "302e020100300506032b656e04220420";
const SPKI_X25519 = "302a300506032b656e032100";
const BASE = `09${"00".repeat(31)}`;

/** X25519 of RFC 7748 through OpenSSL's DER import; null when the result is all zero. */
export function x25519(secret: string, point: string): string | null {
  const privateKey = createPrivateKey({
    key: Buffer.from(join(PKCS8_X25519, secret), "hex"),
    format: "der",
    type: "pkcs8",
  });
  const publicKey = createPublicKey({
    key: Buffer.from(join(SPKI_X25519, point), "hex"),
    format: "der",
    type: "spki",
  });
  try {
    return diffieHellman({ privateKey, publicKey }).toString("hex");
  } catch {
    return null;
  }
}

/** The public key of a secret. */
export function publicOf(secret: string): string {
  const point = x25519(secret, BASE);
  if (point === null) throw new Error("the base point has large order");
  return point;
}

/** The definition of opening: `X25519(r, X25519(d, enc))`, one step after the other. */
export function twoSteps(blinding: string, dayPrivateKey: string, enc: string): string | null {
  const inner = x25519(dayPrivateKey, enc);
  return inner === null ? null : x25519(blinding, inner);
}
