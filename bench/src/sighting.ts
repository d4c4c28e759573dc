import {
  type CryptoSuite,
  minuteInEpoch,
  minuteToken,
  type RandomSource,
  type Sighting,
  type UnixSeconds,
} from "@glowworm/protocol";

/** What a relay with a good fix has to say of an accessory that it heard at a moment of the epoch with this seed. */
export function sampleSighting(
  crypto: CryptoSuite,
  random: RandomSource,
  seed: Uint8Array,
  seenAt: UnixSeconds,
): Sighting {
  return {
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
  };
}
