import fc from "fast-check";
import {
  type Frame,
  type PieceKind,
  POSITION_SOURCES,
  type Sighting,
  type StoredRecord,
} from "../../src/index.ts";

/** So many arbitrary bytes. */
export function bytes(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

/** Any bytes up to a length. */
export function anyBytes(maxLength: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ maxLength });
}

/** Every sighting that can be encoded. */
export const sightings: fc.Arbitrary<Sighting> = fc.record(
  {
    seenAt: fc.nat(0xffffffff),
    latitudeE7: fc.integer({ min: -900_000_000, max: 900_000_000 }),
    longitudeE7: fc.integer({ min: -1_800_000_000, max: 1_800_000_000 }),
    accuracyDm: fc.nat(0xffff),
    altitudeMetres: fc.integer({ min: -0x8000, max: 0x7fff }),
    source: fc.constantFrom(...POSITION_SOURCES),
    rssiDbm: fc.integer({ min: -128, max: 127 }),
    framesHeard: fc.nat(0xffff),
    secondsHeard: fc.nat(0xffff),
    status: fc.nat(7),
    token: bytes(4),
    relayMark: bytes(8),
    stamp: bytes(16),
  },
  { noNullPrototype: true },
);

/** Every frame that can be encoded. */
export const frames: fc.Arbitrary<Frame> = fc.oneof(
  fc.record(
    {
      type: fc.constant("piece" as const),
      kind: fc.constantFrom<PieceKind>(0, 1, 2),
      status: fc.nat(7),
      tag: bytes(6),
      piece: bytes(16),
      token: bytes(4),
    },
    { noNullPrototype: true },
  ),
  fc.record(
    {
      type: fc.constant("whole" as const),
      status: fc.nat(7),
      publicKey: bytes(32),
      token: bytes(4),
    },
    { noNullPrototype: true },
  ),
);

/** Envelopes with the right version; nothing says they open. */
export const envelopes: fc.Arbitrary<Uint8Array> = bytes(113).map((envelope) => {
  envelope[0] = 1;
  return envelope;
});

/** Every stored record that can be encoded. */
export const storedRecords: fc.Arbitrary<StoredRecord> = fc.record(
  { getId: bytes(16), envelope: envelopes, arrivalStep: fc.nat(0xffffffff) },
  { noNullPrototype: true },
);
