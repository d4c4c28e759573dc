import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from "node:crypto";
import { bytesOf, join, part } from "./hex.ts";

const HPKE_V1 = Buffer.from("HPKE-v1").toString("hex");
const KEM = `${Buffer.from("KEM").toString("hex")}0020`;
const SUITE = `${Buffer.from("HPKE").toString("hex")}002000010003`;

/** The key schedule of RFC 9180 for the only message of a context, step by step. */
export interface Schedule {
  readonly sharedSecret: string;
  readonly keyScheduleContext: string;
  readonly secret: string;
  readonly key: string;
  readonly baseNonce: string;
}

/** Base mode, from the key agreement on. */
export function schedule(dh: string, enc: string, publicKey: string, info: string): Schedule {
  const eaePrk = extract("", join(HPKE_V1, KEM, ascii("eae_prk"), dh));
  const sharedSecret = expand(eaePrk, KEM, "shared_secret", join(enc, publicKey), 32);
  const pskIdHash = extract("", join(HPKE_V1, SUITE, ascii("psk_id_hash")));
  const infoHash = extract("", join(HPKE_V1, SUITE, ascii("info_hash"), info));
  const keyScheduleContext = join("00", pskIdHash, infoHash);
  const secret = extract(sharedSecret, join(HPKE_V1, SUITE, ascii("secret")));
  return {
    sharedSecret,
    keyScheduleContext,
    secret,
    key: expand(secret, SUITE, "key", keyScheduleContext, 32),
    baseNonce: expand(secret, SUITE, "base_nonce", keyScheduleContext, 12),
  };
}

/** ChaCha20-Poly1305: the ciphertext with its tag. */
export function seal(key: string, nonce: string, aad: string, plaintext: string): string {
  const cipher = createCipheriv("chacha20-poly1305", bytesOf(key), bytesOf(nonce), {
    authTagLength: 16,
  });
  const plain = bytesOf(plaintext);
  cipher.setAAD(bytesOf(aad), { plaintextLength: plain.length });
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString("hex");
}

/** The plaintext, or null when the tag does not match. */
export function open(key: string, nonce: string, aad: string, sealed: string): string | null {
  const length = sealed.length / 2 - 16;
  const decipher = createDecipheriv("chacha20-poly1305", bytesOf(key), bytesOf(nonce), {
    authTagLength: 16,
  });
  decipher.setAAD(bytesOf(aad), { plaintextLength: length });
  decipher.setAuthTag(bytesOf(part(sealed, length, 16)));
  const plaintext = decipher.update(bytesOf(part(sealed, 0, length)));
  try {
    return Buffer.concat([plaintext, decipher.final()]).toString("hex");
  } catch {
    return null;
  }
}

/** HKDF-Extract is HMAC with the salt as key. */
function extract(salt: string, material: string): string {
  return createHmac("sha256", bytesOf(salt)).update(bytesOf(material)).digest("hex");
}

/** HKDF-Expand written out: one block, since no output is longer than the hash. */
function expand(prk: string, suite: string, label: string, info: string, length: number): string {
  const lengthHex = length.toString(16).padStart(4, "0");
  const block = join(lengthHex, HPKE_V1, suite, ascii(label), info, "01");
  return part(createHmac("sha256", bytesOf(prk)).update(bytesOf(block)).digest("hex"), 0, length);
}

/** Whole HKDF of `node:crypto`, to hold the HMAC construction above against. */
export function hkdf(material: string, salt: string, info: string, length: number): string {
  const out = hkdfSync("sha256", bytesOf(material), bytesOf(salt), bytesOf(info), length);
  return Buffer.from(out).toString("hex");
}

function ascii(text: string): string {
  return Buffer.from(text, "ascii").toString("hex");
}
