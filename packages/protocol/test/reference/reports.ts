import { publicOf, twoSteps, x25519 } from "./curve.ts";
import { hexHash, labelled } from "./hashes.ts";
import { integer, join, part } from "./hex.ts";
import { open, schedule, seal } from "./hpke.ts";
import { ids } from "./keys.ts";

/** Field values of a sighting, as vectors spell them. */
export interface SightingFields {
  readonly seenAt: number;
  readonly latitudeE7: number;
  readonly longitudeE7: number;
  readonly accuracyDm: number;
  readonly altitudeMetres: number;
  readonly source: string;
  readonly rssiDbm: number;
  readonly framesHeard: number;
  readonly secondsHeard: number;
  readonly status: number;
  readonly token: string;
  readonly relayMark: string;
  readonly stamp: string;
}

const INFO = Buffer.from("glowworm/1 sighting").toString("hex");

/** The 64 bytes of a sighting, field by field. */
export function sightingHex(fields: SightingFields): string {
  return join(
    "01", // version
    "00", // flags
    integer(fields.seenAt, 4),
    integer(fields.latitudeE7, 4),
    integer(fields.longitudeE7, 4),
    integer(fields.accuracyDm, 2),
    integer(fields.altitudeMetres, 2),
    fields.source === "gnss" ? "01" : "00",
    integer(fields.rssiDbm, 1),
    integer(fields.framesHeard, 2),
    integer(fields.secondsHeard, 2),
    integer(fields.status, 1),
    fields.token,
    fields.relayMark,
    fields.stamp,
    "00".repeat(11), // padding
  );
}

/** The mark of a relay. */
export function relayMark(relaySecret: string, publicKey: string): string {
  return part(hexHash(16, publicKey, relaySecret), 0, 8);
}

/** A stamp over a sighting with its stamp field zeroed, and the id. */
export function stamp(key: string, fields: SightingFields, putId: string): string {
  const label = Buffer.from("glowworm/1 stamp").toString("hex");
  const unstamped = sightingHex({ ...fields, stamp: "00".repeat(16) });
  return hexHash(16, join(label, unstamped, putId), key);
}

/** What tells envelopes apart. */
export function envelopeDigest(envelope: string): string {
  return labelled(16, "glowworm/1 envelope", envelope);
}

/** Seals as any HPKE sender would; null for a key of low order. */
export function sealEnvelope(
  ephemeralSecret: string,
  publicKey: string,
  plaintext: string,
): string | null {
  const dh = x25519(ephemeralSecret, publicKey);
  if (dh === null) return null;
  const enc = publicOf(ephemeralSecret);
  const { key, baseNonce } = schedule(dh, enc, publicKey, INFO);
  return join("01", enc, seal(key, baseNonce, join("01", ids(publicKey).putId), plaintext));
}

/** Opens an envelope of the right length and version in two steps; the plaintext, or null. */
export function openInTwoSteps(
  blinding: string,
  dayPrivateKey: string,
  envelope: string,
): string | null {
  const publicKey = x25519(blinding, publicOf(dayPrivateKey)) ?? "";
  const enc = part(envelope, 1, 32);
  const dh = twoSteps(blinding, dayPrivateKey, enc);
  if (dh === null) return null;
  const { key, baseNonce } = schedule(dh, enc, publicKey, INFO);
  return open(key, baseNonce, join("01", ids(publicKey).putId), part(envelope, 33, 80));
}
