import {
  advanceSeed,
  arrivalStepOf,
  type CryptoSuite,
  dayCardOf,
  deriveDayKeys,
  epochOf,
  epochPublicKey,
  getIdOf,
  minuteInEpoch,
  minuteToken,
  putIdOf,
  type RandomSource,
  type Sighting,
  type StoredRecord,
  sealSighting,
} from "@glowworm/protocol";

/** 2026-11-20 12:00:00 UTC, the first second of a day's half, an hour, an epoch and a step. */
export const NOON = 1_795_176_000;
export const HERE = { latitude: 52.52, longitude: 13.405 };
const METRES_PER_DEGREE = 111_195;

/** What a relay heard; everything that is not said is as an honest relay beside the beacon has it. */
export interface Heard {
  readonly seenAt: number;
  /** What the beacon believed the time to be. */
  readonly beaconTime?: number;
  readonly arrivedAt?: number;
  readonly latitude?: number;
  readonly longitude?: number;
  readonly northMetres?: number;
  readonly eastMetres?: number;
  readonly accuracyMetres?: number;
  readonly rssiDbm?: number;
  readonly relay?: number;
  readonly token?: Uint8Array;
}

/** A sighting as `heard`, without looking at any key. */
export function sightingOf(heard: Heard, token: Uint8Array): Sighting {
  const latitude = (heard.latitude ?? HERE.latitude) + (heard.northMetres ?? 0) / METRES_PER_DEGREE;
  const metresPerDegree = METRES_PER_DEGREE * Math.cos((latitude * Math.PI) / 180);
  const longitude = (heard.longitude ?? HERE.longitude) + (heard.eastMetres ?? 0) / metresPerDegree;
  return {
    seenAt: heard.seenAt,
    latitudeE7: Math.round(latitude * 1e7),
    longitudeE7: Math.round(longitude * 1e7),
    accuracyDm: Math.round((heard.accuracyMetres ?? 10) * 10),
    altitudeMetres: 34,
    source: "gnss",
    rssiDbm: heard.rssiDbm ?? -70,
    framesHeard: 9,
    secondsHeard: 4,
    status: 4,
    token: heard.token ?? token,
    relayMark: new Uint8Array(8).fill(heard.relay ?? 1),
    stamp: new Uint8Array(16),
  };
}

/** The stored record of a report, made as beacon, relay and server make it: from the day card alone. */
export function recordOf(
  crypto: CryptoSuite,
  random: RandomSource,
  deviceKey: Uint8Array,
  heard: Heard,
): StoredRecord {
  const beaconTime = heard.beaconTime ?? heard.seenAt;
  const { day, epoch } = epochOf(beaconTime);
  const card = dayCardOf(crypto, deriveDayKeys(crypto, deviceKey, day));
  const seed = advanceSeed(crypto, card.seed, 0, epoch);
  const publicKey = epochPublicKey(crypto, seed, card.publicKey);
  const token = minuteToken(crypto, seed, minuteInEpoch(beaconTime));
  return {
    getId: getIdOf(crypto, putIdOf(crypto, publicKey)),
    envelope: sealSighting(crypto, random.bytes(32), publicKey, sightingOf(heard, token)),
    arrivalStep: arrivalStepOf(heard.arrivedAt ?? heard.seenAt + 60),
  };
}
