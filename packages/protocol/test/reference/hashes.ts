import { blake2b } from "@noble/hashes/blake2.js";
import { bytesOf, join } from "./hex.ts";

/** BLAKE2b of a label and an input, in hex. */
export function labelled(length: number, label: string, input: string): string {
  return hexHash(length, join(Buffer.from(label, "ascii").toString("hex"), input));
}

/** BLAKE2b, keyed when a key is given. */
export function hexHash(length: number, message: string, key?: string): string {
  const options = key === undefined ? { dkLen: length } : { dkLen: length, key: bytesOf(key) };
  return Buffer.from(blake2b(bytesOf(message), options)).toString("hex");
}

/** crypto_kdf: BLAKE2b of nothing, keyed; the number little-endian as salt, the context as personalisation. */
export function kdf(key: string, id: number, context: string): string {
  const salt = new Uint8Array(16);
  new DataView(salt.buffer).setBigUint64(0, BigInt(id), true);
  const personalization = new Uint8Array(16);
  personalization.set(Buffer.from(context, "ascii"));
  const out = blake2b(new Uint8Array(0), {
    dkLen: 32,
    key: bytesOf(key),
    salt,
    personalization,
  });
  return Buffer.from(out).toString("hex");
}
