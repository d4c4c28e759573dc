import {
  ascii,
  ByteReader,
  ByteWriter,
  type CryptoSuite,
  concat,
  DecodeError,
  equalBytes,
} from "@glowworm/protocol";
import { DAY_IDS_BYTES } from "./day-ids.ts";

/** Consecutive days of candidate ids. */
export interface CandidateDays {
  readonly firstDay: number;
  /** 288 ids of 16 bytes a day, back to back. */
  readonly ids: Uint8Array;
}

const MAGIC: Uint8Array = ascii("glowids1");
const HEADER_BYTES = MAGIC.length + 8;
const BLOCK_BYTES = DAY_IDS_BYTES + 16;
const KEY_LABEL: Uint8Array = ascii("glowworm candidate cache 1");

/** Number of days held. */
export function dayCount(days: CandidateDays): number {
  return days.ids.length / DAY_IDS_BYTES;
}

/**
 * `"glowids1" || first day(4) || days(4)`, then each day sealed under a key made from the device key. In the clear the
 * file would tell a thief of this disk which published records, and which broadcasts of days to come, are this
 * device's, although the owner key beside it is locked.
 */
export function encodeCandidateCache(
  crypto: CryptoSuite,
  deviceKey: Uint8Array,
  days: CandidateDays,
): Uint8Array {
  const key = cacheKey(crypto, deviceKey);
  const header = new ByteWriter(HEADER_BYTES)
    .bytes("candidates.magic", MAGIC, MAGIC.length)
    .u32("candidates.first_day", days.firstDay)
    .u32("candidates.days", dayCount(days))
    .finish();
  const blocks: Uint8Array[] = [];
  for (let index = 0; index < dayCount(days); index++) {
    const ids = days.ids.subarray(index * DAY_IDS_BYTES, (index + 1) * DAY_IDS_BYTES);
    blocks.push(crypto.aeadSeal(key, nonceOf(days.firstDay + index), MAGIC, ids));
  }
  return concat(header, ...blocks);
}

/** The days in a cache file, or null when it is damaged or belongs to another key: derive them again. */
export function decodeCandidateCache(
  crypto: CryptoSuite,
  deviceKey: Uint8Array,
  bytes: Uint8Array,
): CandidateDays | null {
  try {
    return readDays(crypto, cacheKey(crypto, deviceKey), bytes);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

function readDays(crypto: CryptoSuite, key: Uint8Array, bytes: Uint8Array): CandidateDays | null {
  const reader = new ByteReader(bytes);
  if (!equalBytes(reader.bytes("candidates.magic", MAGIC.length), MAGIC)) return null;
  const firstDay = reader.u32("candidates.first_day");
  const count = reader.u32("candidates.days");
  if (bytes.length !== HEADER_BYTES + count * BLOCK_BYTES) return null;
  const ids = new Uint8Array(count * DAY_IDS_BYTES);
  for (let index = 0; index < count; index++) {
    const block = reader.bytes("candidates.ids", BLOCK_BYTES);
    const day = crypto.aeadOpen(key, nonceOf(firstDay + index), MAGIC, block);
    if (day === null) return null;
    ids.set(day, index * DAY_IDS_BYTES);
  }
  return { firstDay, ids };
}

/** The ids of a day never change, so that a nonce made of the day never seals two messages. */
function nonceOf(day: number): Uint8Array {
  return new ByteWriter(12).u32("day", day).u32("zero", 0).u32("zero", 0).finish();
}

function cacheKey(crypto: CryptoSuite, deviceKey: Uint8Array): Uint8Array {
  return crypto.hmacSha256(deviceKey, KEY_LABEL);
}
