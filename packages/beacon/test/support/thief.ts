import {
  blindingOf,
  type CryptoSuite,
  dayCardOf,
  deriveDayKeys,
  EPOCHS_PER_DAY,
  epochPublicKey,
  KDF_TOKEN,
  nextSeed,
  TAG_BYTES,
  tagOf,
  toHex,
} from "@glowworm/protocol";
import { DEVICE_KEY } from "./cards.ts";
import type { MemoryDisk } from "./memory-disk.ts";

/**
 * Epochs before `before` of the given days that a thief with the whole folder can recompute. A seed of an earlier
 * epoch, its blinding, its token key or its public key must stand there as 32 bytes in a row: chains are hashes, so
 * there is no other way to them. Every offset of every file is tried.
 */
export function recomputable(
  crypto: CryptoSuite,
  disk: MemoryDisk,
  days: readonly number[],
  before: number,
): number[] {
  const telltales = telltalesOf(crypto, days, before);
  const found = new Set<number>();
  for (const bytes of disk.files.values()) {
    const hex = toHex(bytes);
    for (let at = 0; at < hex.length; at += 2) {
      const index =
        telltales.get(hex.slice(at, at + 64)) ?? telltales.get(hex.slice(at, at + 2 * TAG_BYTES));
      if (index !== undefined) found.add(index);
    }
  }
  return [...found];
}

/** Hex of what would give an epoch away, to the index of that epoch. */
function telltalesOf(
  crypto: CryptoSuite,
  days: readonly number[],
  before: number,
): Map<string, number> {
  const telltales = new Map<string, number>();
  for (const day of days) {
    const keys = deriveDayKeys(crypto, DEVICE_KEY, day);
    const card = dayCardOf(crypto, keys);
    let seed = keys.seed;
    for (let epoch = 0; epoch < EPOCHS_PER_DAY && day * EPOCHS_PER_DAY + epoch < before; epoch++) {
      const publicKey = epochPublicKey(crypto, seed, card.publicKey);
      const tokenKey = crypto.kdf(seed, 3, KDF_TOKEN);
      const tag = tagOf(crypto, publicKey);
      for (const value of [seed, blindingOf(crypto, seed), tokenKey, publicKey, tag]) {
        telltales.set(toHex(value), day * EPOCHS_PER_DAY + epoch);
      }
      seed = nextSeed(crypto, seed);
    }
  }
  return telltales;
}
