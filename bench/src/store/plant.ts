import type { DeviceKeys } from "@glowworm/owner";
import {
  advanceSeed,
  type CryptoSuite,
  concat,
  dayCardOf,
  deriveDayKeys,
  epochOf,
  epochPublicKey,
  getIdOf,
  putIdOf,
  type RandomSource,
  sealSighting,
  type UnixSeconds,
} from "@glowworm/protocol";
import { sampleSighting } from "../sighting.ts";

/** The report of a relay that heard the device at a moment, as stores take it. */
export function plantedReport(
  crypto: CryptoSuite,
  random: RandomSource,
  device: DeviceKeys,
  seenAt: UnixSeconds,
): Uint8Array {
  const { day, epoch } = epochOf(seenAt);
  const keys = deriveDayKeys(crypto, device.key, day);
  const seed = advanceSeed(crypto, keys.seed, 0, epoch);
  const publicKey = epochPublicKey(crypto, seed, dayCardOf(crypto, keys).publicKey);
  const sighting = sampleSighting(crypto, random, seed, seenAt);
  const envelope = sealSighting(crypto, random.bytes(32), publicKey, sighting);
  return concat(getIdOf(crypto, putIdOf(crypto, publicKey)), envelope);
}
