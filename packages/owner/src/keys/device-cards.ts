import {
  CARD_DAYS,
  type CryptoSuite,
  type DayCard,
  dayCardOf,
  dayOf,
  deriveDayKeys,
  encodeCardFile,
  type UnixSeconds,
} from "@glowworm/protocol";

/** A card file of ten years, the first card for the day of `now`: all a beacon is ever given. */
export function makeCardFile(
  crypto: CryptoSuite,
  deviceKey: Uint8Array,
  now: UnixSeconds,
): Uint8Array {
  const firstDay = dayOf(now);
  const cards: DayCard[] = [];
  for (let day = firstDay; day < firstDay + CARD_DAYS; day++) {
    cards.push(dayCardOf(crypto, deriveDayKeys(crypto, deviceKey, day)));
  }
  return encodeCardFile(crypto, { createdAt: now, cards });
}
