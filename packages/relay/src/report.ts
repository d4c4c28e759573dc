import {
  type CryptoSuite,
  KEY_BYTES,
  putIdOf,
  type RandomSource,
  RSSI_UNKNOWN,
  relayMarkOf,
  type Sighting,
  STAMP_BYTES,
  sealSighting,
  type UploadRecord,
} from "@glowworm/protocol";
import type { HeardKey } from "./assembler.ts";
import type { Fix } from "./position.ts";

/** What sealing needs besides the key. */
export interface SealingParts {
  readonly crypto: CryptoSuite;
  readonly random: RandomSource;
  /** 32 bytes. */
  readonly relaySecret: Uint8Array;
}

const U16_MAX = 0xffff;
const RSSI_MIN = -128;

/**
 * Seals what is known of a key now, with the place where its most frequent token was last heard.
 * @param place that place, as exact as the runner allows.
 * @throws {WeakKeyError} when the key has low order.
 */
export function sealReport(parts: SealingParts, heard: HeardKey, place: Fix): UploadRecord {
  const { crypto, random, relaySecret } = parts;
  const { publicKey, trace } = heard;
  const { last } = trace.token;
  const sighting: Sighting = {
    seenAt: Math.floor(last.atMs / 1000),
    latitudeE7: place.latitudeE7,
    longitudeE7: place.longitudeE7,
    accuracyDm: place.accuracyDm,
    altitudeMetres: place.altitudeMetres,
    source: place.source,
    rssiDbm: rssiField(trace.rssiDbm),
    framesHeard: Math.min(trace.frames, U16_MAX),
    secondsHeard: Math.min(Math.floor((trace.lastMs - trace.firstMs) / 1000), U16_MAX),
    status: last.status,
    token: last.token,
    relayMark: relayMarkOf(crypto, relaySecret, publicKey),
    stamp: random.bytes(STAMP_BYTES),
  };
  const envelope = sealSighting(crypto, random.bytes(KEY_BYTES), publicKey, sighting);
  return { putId: putIdOf(crypto, publicKey), envelope };
}

/** A controller may say anything; a value that means "unknown" in a sighting must not come from one. */
function rssiField(rssiDbm: number | null): number {
  if (rssiDbm === null || !Number.isFinite(rssiDbm)) return RSSI_UNKNOWN;
  return Math.max(RSSI_MIN, Math.min(Math.round(rssiDbm), RSSI_UNKNOWN - 1));
}
