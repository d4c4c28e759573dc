import {
  ascii,
  type CryptoSuite,
  concat,
  encodeSighting,
  fromHex,
  HPKE_INFO,
  hpkeSeal,
  PROTOCOL_VERSION,
  putIdOf,
  sealSighting,
  toHex,
} from "@glowworm/protocol";
import { bytesCases, cut, flipped, named, withByte, withField, zeros } from "./cases.ts";
import { sampleEpoch } from "./keys.ts";
import { type CaseDraft, type Expectation, Input, type JsonObject } from "./model.ts";
import { PLAIN_SIGHTING, sightingOf } from "./shapes.ts";

const EPHEMERAL = named("ephemeral", 32);
const U32_MAX = 0xffffffff;

/** Sections 5.1, 6.1, 6.3 and the digest of 6.5. */
export function idCases(crypto: CryptoSuite): readonly CaseDraft[] {
  const { publicKey } = sampleEpoch(crypto, 3);
  const envelope = sampleEnvelope(crypto);
  const putId = toHex(putIdOf(crypto, fromHex(publicKey)));
  const ids = (id: string, comment: string, key: string): CaseDraft => ({
    id: `ids-${id}`,
    spec: "6.1",
    comment,
    operation: "ids",
    expect: "ok",
    input: { publicKey: key },
  });
  const stamp = (id: string, comment: string, over: JsonObject): CaseDraft => ({
    id: `stamp-${id}`,
    spec: "6.3",
    comment,
    operation: "stamp",
    expect: "ok",
    input: { key: named("stamp key", 32), sighting: PLAIN_SIGHTING, putId, ...over },
  });
  return [
    ids("ordinary", "an epoch public key", publicKey),
    ids("zeros", "a key of zeros: hashes have no special cases", zeros(32)),
    {
      id: "relay-mark",
      spec: "6.3",
      comment: "the mark of a relay within an epoch",
      operation: "relayMark",
      expect: "ok",
      input: { relaySecret: named("relay secret", 32), publicKey },
    },
    stamp("ordinary", "a stamped sighting", {}),
    stamp("ignores-stamp", "the stamp field itself is not covered", {
      sighting: { ...PLAIN_SIGHTING, stamp: zeros(16) },
    }),
    stamp("other-id", "another id: another stamp", { putId: named("other put_id", 32) }),
    {
      id: "envelope-digest",
      spec: "6.5",
      comment: "what tells two envelopes of one id apart",
      operation: "envelopeDigest",
      expect: "ok",
      input: { envelope },
    },
  ];
}

/** Section 6.2. */
export function sightingCases(): readonly CaseDraft[] {
  const decode = bytesCases("sighting-decode", "6.2", "decodeSighting");
  const encode = (id: string, comment: string, over: JsonObject): CaseDraft => ({
    id: `sighting-encode-${id}`,
    spec: "6.2",
    comment,
    operation: "encodeSighting",
    expect: "ok",
    input: { sighting: { ...PLAIN_SIGHTING, ...over } },
  });
  const plain = sightingHex({});
  return [
    encode("plain", "an ordinary sighting", {}),
    encode("smallest", "the smallest value of every field", {
      seenAt: 0,
      latitudeE7: -900_000_000,
      longitudeE7: -1_800_000_000,
      accuracyDm: 0,
      altitudeMetres: -32_768,
      source: "fixed",
      rssiDbm: -128,
      framesHeard: 0,
      secondsHeard: 0,
      status: 0,
    }),
    encode("largest", "the largest value of every field", {
      seenAt: U32_MAX,
      latitudeE7: 900_000_000,
      longitudeE7: 1_800_000_000,
      accuracyDm: 65_535,
      altitudeMetres: 32_767,
      rssiDbm: 127,
      framesHeard: 65_535,
      secondsHeard: 65_535,
      status: 7,
    }),
    decode("plain", "an ordinary sighting", plain, "ok"),
    decode("empty", "no bytes", "", "truncated"),
    decode("cut", "one byte short", cut(plain, 63), "truncated"),
    decode("trailing", "one byte more", `${plain}00`, "trailing-bytes"),
    decode("version-0", "version 0", withByte(plain, 0, 0), "unsupported-version"),
    decode("version-2", "version 2", withByte(plain, 0, 2), "unsupported-version"),
    decode("flags", "a flag is set", withByte(plain, 1, 1), "bad-value"),
    decode("latitude-above", "900,000,001", withField(plain, 6, "35a4e901"), "bad-value"),
    decode("latitude-below", "-900,000,001", withField(plain, 6, "ca5b16ff"), "bad-value"),
    decode("longitude-above", "1,800,000,001", withField(plain, 10, "6b49d201"), "bad-value"),
    decode("longitude-below", "-1,800,000,001", withField(plain, 10, "94b62dff"), "bad-value"),
    decode("longitude-i32-min", "-2^31", withField(plain, 10, "80000000"), "bad-value"),
    decode("source", "an unknown position source", withByte(plain, 18, 2), "bad-value"),
    decode("status", "a status above 7", withByte(plain, 24, 8), "bad-value"),
    decode("padding-first", "the first padding byte", withByte(plain, 53, 1), "bad-value"),
    decode("padding-last", "the last padding byte", withByte(plain, 63, 1), "bad-value"),
  ];
}

/** Section 6.4. */
export function envelopeCases(crypto: CryptoSuite): readonly CaseDraft[] {
  const { publicKey } = sampleEpoch(crypto, 3);
  const envelope = sampleEnvelope(crypto);
  const seal = (
    id: string,
    comment: string,
    key: string,
    expect: Expectation,
    sighting: JsonObject = PLAIN_SIGHTING,
  ): CaseDraft => ({
    id: `seal-${id}`,
    spec: "6.4",
    comment,
    operation: "seal",
    expect,
    input: { ephemeralSecret: EPHEMERAL, publicKey: key, sighting },
  });
  const open = (
    id: string,
    comment: string,
    bytes: string,
    expect: Expectation,
    epoch = 3,
  ): CaseDraft => {
    const { blinding, dayPrivateKey } = sampleEpoch(crypto, epoch);
    return {
      id: `open-${id}`,
      spec: "6.4",
      comment,
      operation: "open",
      expect,
      input: { blinding, dayPrivateKey, envelope: bytes },
    };
  };
  const inner = (plaintext: string) => sealedBytes(crypto, publicKey, fromHex(plaintext));
  return [
    seal("plain", "an ordinary sighting", publicKey, "ok"),
    seal("low-order-zero", "a key of zeros is never sealed to", zeros(32), "weak-public-key"),
    seal("low-order-one", "nor is u = 1", `01${zeros(31)}`, "weak-public-key"),
    open("plain", "an ordinary report", envelope, "ok"),
    open("empty", "no bytes", "", "truncated"),
    open("version-alone", "one byte", "01", "truncated"),
    open("cut", "one byte short", cut(envelope, 112), "truncated"),
    open("trailing", "one byte more", `${envelope}00`, "trailing-bytes"),
    open("version-2", "version 2", withByte(envelope, 0, 2), "unsupported-version"),
    open("enc", "one bit of the encapsulated key", flipped(envelope, 1), "null"),
    open(
      "enc-low-order",
      "an encapsulated key of zeros",
      withField(envelope, 1, zeros(32)),
      "null",
    ),
    open("ciphertext", "one bit of the ciphertext", flipped(envelope, 33), "null"),
    open("mac", "one bit of the authenticator", flipped(envelope, 112), "null"),
    open("other-epoch", "the key of the next epoch", envelope, "null", 4),
    open("other-id", "sealed to this key, but for another id", otherId(crypto, publicKey), "null"),
    open(
      "inner-version",
      "opens to a sighting of version 2",
      inner(withByte(sightingHex({}), 0, 2)),
      "unsupported-version",
    ),
    open(
      "inner-padding",
      "opens to a sighting with padding",
      inner(withByte(sightingHex({}), 63, 1)),
      "bad-value",
    ),
    open(
      "inner-latitude",
      "opens to a latitude above 90 degrees",
      inner(withField(sightingHex({}), 6, "35a4e901")),
      "bad-value",
    ),
  ];
}

/** Sections 6.5 and 6.6. */
export function recordCases(crypto: CryptoSuite): readonly CaseDraft[] {
  const putId = toHex(putIdOf(crypto, fromHex(sampleEpoch(crypto, 3).publicKey)));
  const envelope = sampleEnvelope(crypto);
  const upload = putId + envelope;
  const batch = (
    id: string,
    comment: string,
    bytes: string,
    repeat: number,
    expect: Expectation,
  ): CaseDraft => ({
    id: `upload-${id}`,
    spec: "6.5",
    comment,
    operation: "decodeUploadBatch",
    expect,
    input: { bytes, repeat },
  });
  const stored = `${named("get_id", 16)}${envelope}002cf4a1`;
  const decode = bytesCases("stored-decode", "6.6", "decodeStoredRecord");
  return [
    {
      id: "upload-encode",
      spec: "6.5",
      comment: "a batch of two",
      operation: "encodeUploadBatch",
      expect: "ok",
      input: {
        records: [
          { putId, envelope },
          { putId: named("other put_id", 32), envelope },
        ],
      },
    },
    batch("one", "a batch of one", upload, 1, "ok"),
    batch("most", "the largest batch", upload, 64, "ok"),
    batch("too-many", "65 records", upload, 65, "trailing-bytes"),
    batch("empty", "no records", upload, 0, "truncated"),
    batch("cut", "one byte short", cut(upload, 144), 1, "truncated"),
    batch("cut-id", "an id and nothing else", putId, 1, "truncated"),
    batch("trailing", "one byte more", `${upload}00`, 1, "truncated"),
    batch("version", "an envelope of version 2", withByte(upload, 32, 2), 1, "unsupported-version"),
    {
      id: "stored-encode",
      spec: "6.6",
      comment: "a stored record",
      operation: "encodeStoredRecord",
      expect: "ok",
      input: { getId: named("get_id", 16), envelope, arrivalStep: 2_945_185 },
    },
    decode("plain", "a stored record", stored, "ok"),
    decode("step-max", "the largest arrival step", withField(stored, 129, "ffffffff"), "ok"),
    decode("empty", "no bytes", "", "truncated"),
    decode("cut", "one byte short", cut(stored, 132), "truncated"),
    decode("trailing", "one byte more", `${stored}00`, "trailing-bytes"),
    decode("version", "an envelope of version 2", withByte(stored, 16, 2), "unsupported-version"),
    ...[0, 599, 600, 1_767_225_725].map(
      (at): CaseDraft => ({
        id: `arrival-step-${at}`,
        spec: "6.6",
        comment: "the step of an arrival, and the first second after it",
        operation: "arrivalStep",
        expect: "ok",
        input: { at },
      }),
    ),
  ];
}

/** An envelope for the cases of other files. */
export function sampleEnvelope(crypto: CryptoSuite): string {
  const publicKey = fromHex(sampleEpoch(crypto, 3).publicKey);
  const sighting = sightingOf(new Input(PLAIN_SIGHTING));
  return toHex(sealSighting(crypto, fromHex(EPHEMERAL), publicKey, sighting));
}

function sightingHex(over: JsonObject): string {
  return toHex(encodeSighting(sightingOf(new Input({ ...PLAIN_SIGHTING, ...over }))));
}

function sealedBytes(crypto: CryptoSuite, publicKey: string, plaintext: Uint8Array): string {
  return sealedFor(crypto, publicKey, putIdOf(crypto, fromHex(publicKey)), plaintext);
}

function otherId(crypto: CryptoSuite, publicKey: string): string {
  const putId = fromHex(named("other put_id", 32));
  return sealedFor(crypto, publicKey, putId, fromHex(sightingHex({})));
}

function sealedFor(
  crypto: CryptoSuite,
  publicKey: string,
  putId: Uint8Array,
  plaintext: Uint8Array,
): string {
  const version = Uint8Array.of(PROTOCOL_VERSION);
  const aad = concat(version, putId);
  const info = ascii(HPKE_INFO);
  const key = fromHex(publicKey);
  const sealed = hpkeSeal(crypto, fromHex(EPHEMERAL), key, info, aad, plaintext);
  return toHex(concat(version, sealed.enc, sealed.ciphertext));
}
