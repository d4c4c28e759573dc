import { concat, equalBytes, fromHex, toHex } from "./bytes.ts";
import type { CryptoSuite } from "./crypto/suite.ts";
import { DecodeError } from "./errors.ts";
import { labelledHash } from "./ids.ts";
import { H_INVITE_CHECK, H_INVITE_HASH } from "./params.ts";

/** Bytes of the secret in an invite. */
export const INVITE_BYTES: number = 16;
/** Bytes of what a server keeps of it. */
const INVITE_HASH_BYTES: number = 32;

const PREFIX = "glowworm-invite-";
const CHECK_BYTES = 4;
const HEX = /^[0-9a-f]+$/;

/** The text of an invite: prefix, and secret and checksum in lowercase hex. @see docs/protocol.md section 8.6 */
export function encodeInvite(crypto: CryptoSuite, secret: Uint8Array): string {
  return PREFIX + toHex(concat(secret, checkOf(crypto, secret)));
}

/**
 * The secret of an invite, 16 bytes; white space around the text is passed over.
 * @throws {DecodeError} `truncated`, `trailing-bytes` or `bad-value`; the text is never repeated.
 * @see docs/protocol.md section 8.6
 */
export function decodeInvite(crypto: CryptoSuite, text: string): Uint8Array {
  const trimmed = text.trim();
  if (!trimmed.startsWith(PREFIX)) {
    throw new DecodeError("bad-value", "invite", 0, `expected it to begin with ${PREFIX}`);
  }
  const hex = trimmed.slice(PREFIX.length);
  const length = 2 * (INVITE_BYTES + CHECK_BYTES);
  if (hex.length !== length) {
    const code = hex.length < length ? "truncated" : "trailing-bytes";
    throw new DecodeError(code, "invite", PREFIX.length, `expected ${length} characters after it`);
  }
  if (!HEX.test(hex)) throw new DecodeError("bad-value", "invite", 0, "expected 0-9 and a-f");
  const bytes = fromHex(hex);
  const secret = bytes.slice(0, INVITE_BYTES);
  if (!equalBytes(checkOf(crypto, secret), bytes.slice(INVITE_BYTES))) {
    throw new DecodeError("bad-value", "invite", 0, "the checksum is wrong: a typing error");
  }
  return secret;
}

/** What a server keeps of an invite, 32 bytes: it lets nobody in. @see docs/protocol.md section 8.6 */
export function inviteHash(crypto: CryptoSuite, secret: Uint8Array): Uint8Array {
  return labelledHash(crypto, INVITE_HASH_BYTES, H_INVITE_HASH, secret);
}

function checkOf(crypto: CryptoSuite, secret: Uint8Array): Uint8Array {
  return labelledHash(crypto, 16, H_INVITE_CHECK, secret).slice(0, CHECK_BYTES);
}
