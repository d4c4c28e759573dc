import { type CryptoSuite, DAY_SECONDS, EPOCH_SECONDS, EPOCHS_PER_DAY } from "@glowworm/protocol";
import type { Airing } from "../../src/airing.ts";
import { type GuardState, newGuard } from "../../src/clock-guard.ts";
import { cardFile } from "./laptop.ts";

/** The cards of these tests. */
export const FIRST_DAY = 20_000;
export const DAYS = 5;
export const CREATED_AT: number = FIRST_DAY * DAY_SECONDS + 3600;
/** Index of their first epoch. */
export const FIRST: number = FIRST_DAY * EPOCHS_PER_DAY;

const BOOT_MARK = "00".repeat(16);

export function smallCardFile(crypto: CryptoSuite, createdAt: number = CREATED_AT): Uint8Array {
  return cardFile(crypto, createdAt, { first: FIRST_DAY, count: DAYS });
}

/** A guard that has just reached an epoch by a trusted clock. */
export function at(index: number): GuardState & { readonly airing: Airing } {
  const airing: Airing = { index, base: index, follows: "wall", seconds: 0 };
  const guard = newGuard(index * EPOCH_SECONDS);
  return { ...guard, bootMark: BOOT_MARK, isSettled: true, airing };
}
