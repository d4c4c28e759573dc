import { ascii, ByteReader, ByteWriter, concat, equalBytes, isAllZero } from "./bytes.ts";
import { type CryptoSuite, KEY_BYTES } from "./crypto/suite.ts";
import { DecodeError, UsageError } from "./errors.ts";
import { labelledHash } from "./ids.ts";
import type { DayCard } from "./keys.ts";
import { H_CARDS, PROTOCOL_VERSION } from "./params.ts";
import type { UnixSeconds } from "./world.ts";

/** Bytes of a day card. */
export const CARD_BYTES: number = 4 + 2 * KEY_BYTES;
/** Bytes before the first card. */
export const CARD_FILE_HEADER_BYTES: number = 40;
const MAGIC: Uint8Array = ascii("glowcard");
const CHECK_BYTES = 16;

/** A card file: what the owner makes and the beacon reads. @see docs/protocol.md section 4.9 */
export interface CardFile {
  /** When it was made: the beacon's first floor. */
  readonly createdAt: UnixSeconds;
  /** One or more consecutive days. A seed of zeros is one that has been erased. */
  readonly cards: readonly DayCard[];
}

/** Offset in the file of the seed of the card at `index`: what a beacon overwrites. */
export function seedOffset(index: number): number {
  return CARD_FILE_HEADER_BYTES + index * CARD_BYTES + 4 + KEY_BYTES;
}

/** @throws {UsageError} when there is no card or the days have gaps. @see docs/protocol.md section 4.9 */
export function encodeCardFile(crypto: CryptoSuite, file: CardFile): Uint8Array {
  const firstDay = firstDayOf(file.cards);
  const cards = concat(...file.cards.map(encodeCard));
  const head = new ByteWriter(CARD_FILE_HEADER_BYTES - CHECK_BYTES)
    .bytes("cards.magic", MAGIC, MAGIC.length)
    .u32("cards.version", PROTOCOL_VERSION)
    .u32("cards.created_at", file.createdAt)
    .u32("cards.first_day", firstDay)
    .u32("cards.count", file.cards.length)
    .finish();
  return concat(head, checkOf(crypto, head, cards), cards);
}

/**
 * Reads a card file. Once a seed is erased the checksum cannot match any more and is not asked for.
 * @throws {DecodeError} any code.
 * @see docs/protocol.md section 4.9
 */
export function decodeCardFile(crypto: CryptoSuite, bytes: Uint8Array): CardFile {
  const reader = new ByteReader(bytes);
  if (!equalBytes(reader.bytes("cards.magic", MAGIC.length), MAGIC)) {
    throw new DecodeError("bad-value", "cards.magic", 0, "not a Glowworm card file");
  }
  if (reader.u32("cards.version") !== PROTOCOL_VERSION) {
    throw new DecodeError("unsupported-version", "cards.version", MAGIC.length);
  }
  const createdAt = reader.u32("cards.created_at");
  const firstDay = reader.u32("cards.first_day");
  const count = reader.u32("cards.count");
  if (count === 0) throw new DecodeError("bad-value", "cards.count", reader.offset - 4, "no cards");
  const checkAt = reader.offset;
  const check = reader.bytes("cards.check", CHECK_BYTES);
  const cards: DayCard[] = [];
  for (let index = 0; index < count; index++) cards.push(readCard(reader, firstDay + index));
  reader.end("cards");
  const isErased = cards.some((card) => isAllZero(card.seed));
  const body = bytes.subarray(CARD_FILE_HEADER_BYTES);
  if (!isErased && !equalBytes(check, checkOf(crypto, bytes.subarray(0, checkAt), body))) {
    throw new DecodeError(
      "bad-value",
      "cards.check",
      checkAt,
      "damaged: copy it from the owner again",
    );
  }
  return { createdAt, cards };
}

function firstDayOf(cards: readonly DayCard[]): number {
  const firstDay = cards[0]?.day;
  if (firstDay === undefined) throw new UsageError("cards: expected at least one");
  if (cards.some((card, index) => card.day !== firstDay + index)) {
    throw new UsageError("cards: expected consecutive days");
  }
  return firstDay;
}

function encodeCard(card: DayCard): Uint8Array {
  return new ByteWriter(CARD_BYTES)
    .u32("card.day", card.day)
    .bytes("card.public_key", card.publicKey, KEY_BYTES)
    .bytes("card.seed", card.seed, KEY_BYTES)
    .finish();
}

function readCard(reader: ByteReader, expectedDay: number): DayCard {
  const at = reader.offset;
  const day = reader.u32("card.day");
  if (day !== expectedDay) throw new DecodeError("bad-value", "card.day", at, "days not in order");
  return {
    day,
    publicKey: reader.bytes("card.public_key", KEY_BYTES),
    seed: reader.bytes("card.seed", KEY_BYTES),
  };
}

function checkOf(crypto: CryptoSuite, head: Uint8Array, cards: Uint8Array): Uint8Array {
  return labelledHash(crypto, CHECK_BYTES, H_CARDS, concat(head, cards));
}
