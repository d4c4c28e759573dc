import {
  type CryptoSuite,
  encodeAdvertisement,
  type Frame,
  type PieceKind,
  piecesOf,
  type RandomSource,
  STATUS_SEPARATED,
  tagOf,
} from "@glowworm/protocol";
import type { Advert } from "@glowworm/radio";
import type { Fix } from "../../src/index.ts";
import type { Hearing } from "../../src/trace.ts";

/** A place for tests: 1e-7 degrees. */
export const FIX: Fix = {
  latitudeE7: 522_297_000,
  longitudeE7: 210_122_000,
  accuracyDm: 200,
  altitudeMetres: 100,
  source: "gnss",
  atMs: 0,
};
/** A full minute, so that tests can count within it. */
export const START_MS = 1_800_000_000_000;
export const TOKEN: Uint8Array = Uint8Array.of(1, 2, 3, 4);

export function pieceFrame(
  crypto: CryptoSuite,
  publicKey: Uint8Array,
  kind: PieceKind,
  token: Uint8Array = TOKEN,
): Frame {
  return {
    type: "piece",
    kind,
    status: STATUS_SEPARATED,
    tag: tagOf(crypto, publicKey),
    piece: piecesOf(publicKey)[kind],
    token,
  };
}

export function wholeFrame(publicKey: Uint8Array, token: Uint8Array = TOKEN): Frame {
  return { type: "whole", status: STATUS_SEPARATED, publicKey, token };
}

/** A public key that belongs to somebody. */
export function freshKey(crypto: CryptoSuite, random: RandomSource): Uint8Array {
  return crypto.x25519Base(random.bytes(32));
}

export function hearing(atMs: number, change: Partial<Hearing> = {}): Hearing {
  return { atMs, rssiDbm: -70, status: STATUS_SEPARATED, token: TOKEN, fix: FIX, ...change };
}

export function advert(frame: Frame, atMs: number, rssiDbm: number | null = -70): Advert {
  return { atMs, data: encodeAdvertisement(frame), rssiDbm, address: null };
}
