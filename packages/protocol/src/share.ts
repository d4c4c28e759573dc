import { ByteReader, ByteWriter } from "./bytes.ts";
import { KEY_BYTES } from "./crypto/suite.ts";
import type { DayKeys } from "./keys.ts";

/** Bytes of a shared day: `w(4) || d_w(32) || S_w(32)`. */
export const DAY_SHARE_BYTES: number = 4 + 2 * KEY_BYTES;

/**
 * What hands one day to somebody: it opens that day and no other, and cannot be taken back.
 * @see docs/protocol.md section 4.10
 */
export function encodeDayShare(keys: DayKeys): Uint8Array {
  return new ByteWriter(DAY_SHARE_BYTES)
    .u32("share.day", keys.day)
    .bytes("share.private_key", keys.privateKey, KEY_BYTES)
    .bytes("share.seed", keys.seed, KEY_BYTES)
    .finish();
}

/** @throws {DecodeError} `truncated` or `trailing-bytes`. @see docs/protocol.md section 4.10 */
export function decodeDayShare(bytes: Uint8Array): DayKeys {
  const reader = new ByteReader(bytes);
  const keys: DayKeys = {
    day: reader.u32("share.day"),
    privateKey: reader.bytes("share.private_key", KEY_BYTES),
    seed: reader.bytes("share.seed", KEY_BYTES),
  };
  reader.end("share");
  return keys;
}
