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
  minuteInEpoch,
  minuteToken,
  putIdOf,
  type RandomSource,
  sealSighting,
  type UnixSeconds,
} from "@glowworm/protocol";

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
  const envelope = sealSighting(crypto, random.bytes(32), publicKey, {
    seenAt,
    latitudeE7: 520_000_000,
    longitudeE7: 43_000_000,
    accuracyDm: 80,
    altitudeMetres: 2,
    source: "gnss",
    rssiDbm: -70,
    framesHeard: 12,
    secondsHeard: 4,
    status: 4,
    token: minuteToken(crypto, seed, minuteInEpoch(seenAt)),
    relayMark: random.bytes(8),
    stamp: random.bytes(16),
  });
  return concat(getIdOf(crypto, putIdOf(crypto, publicKey)), envelope);
}
