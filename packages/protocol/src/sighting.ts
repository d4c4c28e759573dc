import { ascii, ByteReader, ByteWriter, concat, isAllZero } from "./bytes.ts";
import type { CryptoSuite } from "./crypto/suite.ts";
import { DecodeError, UsageError } from "./errors.ts";
import { STATUS_MAX, TOKEN_BYTES } from "./frames.ts";
import { H_STAMP, PROTOCOL_VERSION } from "./params.ts";
import type { UnixSeconds } from "./world.ts";

/** Bytes of a sighting. */
export const SIGHTING_BYTES: number = 64;
/** Bytes of a relay mark. */
const RELAY_MARK_BYTES: number = 8;
/** Bytes of a stamp. */
export const STAMP_BYTES: number = 16;
/** Bluetooth's own value for an unknown signal strength. */
export const RSSI_UNKNOWN: number = 127;
/** Stands for an altitude that is not known. */
export const ALTITUDE_UNKNOWN: number = -0x8000;
const LATITUDE_MAX_E7 = 900_000_000;
const LONGITUDE_MAX_E7 = 1_800_000_000;
const PADDING_BYTES = 11;

/** How the relay knew where it was; the index is the byte on the wire. */
export const POSITION_SOURCES = ["fixed", "gnss"] as const;
type PositionSource = (typeof POSITION_SOURCES)[number];

/** What a relay seals: where it was when it heard an accessory. @see docs/protocol.md section 6.2 */
export interface Sighting {
  /** When the frame with `token` was heard: never when it was sealed or uploaded. */
  readonly seenAt: UnixSeconds;
  /** 1e-7 degrees, WGS 84. */
  readonly latitudeE7: number;
  readonly longitudeE7: number;
  /** Decimetres, 68 % radius; 65535 means that or more. */
  readonly accuracyDm: number;
  /** Metres above the ellipsoid, or `ALTITUDE_UNKNOWN`. */
  readonly altitudeMetres: number;
  readonly source: PositionSource;
  /** Strongest signal heard, dBm, or `RSSI_UNKNOWN`. */
  readonly rssiDbm: number;
  /** Frames heard so far in the epoch; saturates. */
  readonly framesHeard: number;
  /** Seconds between the first and the last of them; saturates. */
  readonly secondsHeard: number;
  /** Status bits of the frame, 0 to 7. */
  readonly status: number;
  /** Minute token, 4 bytes. */
  readonly token: Uint8Array;
  /** Equal for one relay within one epoch, 8 bytes. */
  readonly relayMark: Uint8Array;
  /** Random, or a stamp made with `stampOf`, 16 bytes. */
  readonly stamp: Uint8Array;
}

/** 64 bytes. @throws {UsageError} for values out of range. @see docs/protocol.md section 6.2 */
export function encodeSighting(sighting: Sighting): Uint8Array {
  assertWithin("sighting.latitude", sighting.latitudeE7, LATITUDE_MAX_E7);
  assertWithin("sighting.longitude", sighting.longitudeE7, LONGITUDE_MAX_E7);
  assertWithin("sighting.status", sighting.status, STATUS_MAX);
  return new ByteWriter(SIGHTING_BYTES)
    .u8("sighting.version", PROTOCOL_VERSION)
    .u8("sighting.flags", 0)
    .u32("sighting.seen_at", sighting.seenAt)
    .i32("sighting.latitude", sighting.latitudeE7)
    .i32("sighting.longitude", sighting.longitudeE7)
    .u16("sighting.accuracy", sighting.accuracyDm)
    .i16("sighting.altitude", sighting.altitudeMetres)
    .u8("sighting.source", POSITION_SOURCES.indexOf(sighting.source))
    .i8("sighting.rssi", sighting.rssiDbm)
    .u16("sighting.frames_heard", sighting.framesHeard)
    .u16("sighting.seconds_heard", sighting.secondsHeard)
    .u8("sighting.status", sighting.status)
    .bytes("sighting.token", sighting.token, TOKEN_BYTES)
    .bytes("sighting.relay_mark", sighting.relayMark, RELAY_MARK_BYTES)
    .bytes("sighting.stamp", sighting.stamp, STAMP_BYTES)
    .bytes("sighting.padding", new Uint8Array(PADDING_BYTES), PADDING_BYTES)
    .finish();
}

/** @throws {DecodeError} any code. @see docs/protocol.md section 6.2 */
export function decodeSighting(bytes: Uint8Array): Sighting {
  const reader = new ByteReader(bytes);
  readExactly(reader, "sighting.version", "unsupported-version", PROTOCOL_VERSION);
  readExactly(reader, "sighting.flags", "bad-value", 0);
  const sighting: Sighting = {
    seenAt: reader.u32("sighting.seen_at"),
    latitudeE7: readRange(reader, "sighting.latitude", LATITUDE_MAX_E7),
    longitudeE7: readRange(reader, "sighting.longitude", LONGITUDE_MAX_E7),
    accuracyDm: reader.u16("sighting.accuracy"),
    altitudeMetres: reader.i16("sighting.altitude"),
    source: readSource(reader),
    rssiDbm: reader.i8("sighting.rssi"),
    framesHeard: reader.u16("sighting.frames_heard"),
    secondsHeard: reader.u16("sighting.seconds_heard"),
    status: readStatus(reader),
    token: reader.bytes("sighting.token", TOKEN_BYTES),
    relayMark: reader.bytes("sighting.relay_mark", RELAY_MARK_BYTES),
    stamp: reader.bytes("sighting.stamp", STAMP_BYTES),
  };
  const paddingAt = reader.offset;
  if (!isAllZero(reader.bytes("sighting.padding", PADDING_BYTES))) {
    throw new DecodeError("bad-value", "sighting.padding", paddingAt, "expected zeros");
  }
  reader.end("sighting");
  return sighting;
}

/** Mark of a relay, 8 bytes, from a random secret of its own. @see docs/protocol.md section 6.3 */
export function relayMarkOf(
  crypto: CryptoSuite,
  relaySecret: Uint8Array,
  publicKey: Uint8Array,
): Uint8Array {
  return crypto.blake2b(16, publicKey, relaySecret).slice(0, RELAY_MARK_BYTES);
}

/**
 * Stamp under a key shared by a relay and an owner who know each other; covers every other field and the id.
 * @see docs/protocol.md section 6.3
 */
export function stampOf(
  crypto: CryptoSuite,
  key: Uint8Array,
  sighting: Omit<Sighting, "stamp">,
  putId: Uint8Array,
): Uint8Array {
  const unstamped = encodeSighting({ ...sighting, stamp: new Uint8Array(STAMP_BYTES) });
  return crypto.blake2b(STAMP_BYTES, concat(ascii(H_STAMP), unstamped, putId), key);
}

function assertWithin(field: string, value: number, limit: number): void {
  if (!(Math.abs(value) <= limit)) throw new UsageError(`${field}: expected at most ${limit}`);
}

function readExactly(
  reader: ByteReader,
  field: string,
  code: "bad-value" | "unsupported-version",
  expected: number,
): void {
  const at = reader.offset;
  const value = reader.u8(field);
  if (value !== expected) throw new DecodeError(code, field, at, `expected ${expected}`);
}

function readRange(reader: ByteReader, field: string, limit: number): number {
  const at = reader.offset;
  const value = reader.i32(field);
  if (Math.abs(value) > limit) throw new DecodeError("bad-value", field, at, "out of range");
  return value;
}

function readSource(reader: ByteReader): PositionSource {
  const at = reader.offset;
  const source = POSITION_SOURCES[reader.u8("sighting.source")];
  if (source === undefined) throw new DecodeError("bad-value", "sighting.source", at);
  return source;
}

function readStatus(reader: ByteReader): number {
  const at = reader.offset;
  const status = reader.u8("sighting.status");
  if (status > STATUS_MAX) throw new DecodeError("bad-value", "sighting.status", at);
  return status;
}
