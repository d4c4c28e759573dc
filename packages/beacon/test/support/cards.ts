import { type CryptoSuite, type DayCard, dayCardOf, deriveDayKeys } from "@glowworm/protocol";

/** A device key of the tests. */
export const DEVICE_KEY: Uint8Array = new Uint8Array(32).fill(7);

/** Cards as an owner makes them. */
export function cardsOf(
  crypto: CryptoSuite,
  days: { readonly first: number; readonly count: number },
): DayCard[] {
  return Array.from({ length: days.count }, (_, index) =>
    dayCardOf(crypto, deriveDayKeys(crypto, DEVICE_KEY, days.first + index)),
  );
}
