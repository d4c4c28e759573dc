import {
  blindingOf,
  type CryptoSuite,
  getIdOf,
  openEnvelope,
  putIdOf,
  toHex,
} from "@glowworm/protocol";
import type { Remains } from "./remains.ts";

const SECRET_BYTES = 32;

/** A report, and the key it was sealed to: everybody near could hear that. */
export interface KnownReport {
  readonly publicKey: Uint8Array;
  readonly envelope: Uint8Array;
}

/** All distinct runs of 32 bytes: whatever secret is in these files is among them. */
export function secretsIn(files: Remains): readonly Uint8Array[] {
  const secrets = new Map<string, Uint8Array>();
  for (const bytes of files.values()) {
    for (let at = 0; at + SECRET_BYTES <= bytes.length; at++) {
      const secret = bytes.subarray(at, at + SECRET_BYTES);
      secrets.set(secret.toString("latin1"), new Uint8Array(secret));
    }
  }
  return [...secrets.values()];
}

/** Every get_id, in hex, that a secret leads to as a seed, as a blinding or as a private key. */
export function idsFrom(
  crypto: CryptoSuite,
  secrets: readonly Uint8Array[],
  dayKeys: readonly Uint8Array[],
): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const secret of secrets) {
    const publicKeys = [
      crypto.x25519Base(secret),
      ...dayKeys.flatMap((dayKey) => [
        crypto.x25519(secret, dayKey),
        crypto.x25519(blindingOf(crypto, secret), dayKey),
      ]),
    ];
    for (const key of publicKeys) ids.add(toHex(getIdOf(crypto, putIdOf(crypto, key))));
  }
  return ids;
}

/**
 * How many reports open with a secret as private key, as blinding, or as the day's private key behind any of the
 * blindings that the thief knows.
 */
export function countOpened(
  crypto: CryptoSuite,
  secrets: readonly Uint8Array[],
  blindings: readonly Uint8Array[],
  reports: readonly KnownReport[],
): number {
  const opened = reports.filter(({ publicKey, envelope }) =>
    secrets.some((secret) => {
      const first = crypto.agreement(secret);
      const ways = [
        first,
        crypto.agreement(blindingOf(crypto, secret)),
        ...blindings.map((blinding) => {
          const second = crypto.agreement(blinding);
          return (enc: Uint8Array) => second(first(enc));
        }),
      ];
      return ways.some((agree) => openEnvelope(crypto, { publicKey, agree }, envelope) !== null);
    }),
  );
  return opened.length;
}
