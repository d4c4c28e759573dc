import {
  type CryptoSuite,
  decodeAdvertisement,
  joinPieces,
  type PieceFrame,
  toHex,
} from "@glowworm/protocol";
import type { Pdu } from "./virtual-controller.ts";

/** Everything that was said from one address, in order of its first PDU. */
export interface Generation {
  readonly address: string;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly pdus: readonly Pdu[];
  readonly frames: readonly PieceFrame[];
}

/** What an eavesdropper makes of the PDUs of one radio: one generation for each address. */
export function generationsOf(pdus: readonly Pdu[]): readonly Generation[] {
  const byAddress = new Map<string, Pdu[]>();
  for (const pdu of pdus) {
    const address = toHex(pdu.address);
    byAddress.set(address, [...(byAddress.get(address) ?? []), pdu]);
  }
  return [...byAddress].map(([address, said]) => ({
    address,
    firstMs: said[0]?.atMs ?? 0,
    lastMs: said.at(-1)?.atMs ?? 0,
    pdus: said,
    frames: said.map(({ data }) => pieceFrameOf(data)),
  }));
}

/** AD structure, company and frame header: what an epoch change leaves as it was. */
export const HEADER_BYTES = 5;
/** Long enough that two of a few hundred are never equal by chance. */
const SNIPPET_BYTES = 4;

/** All runs of four bytes in addresses, and in what comes after the header of a PDU. */
export function snippetsOf({ pdus }: Generation): ReadonlySet<string> {
  const snippets = new Set<string>();
  for (const bytes of pdus.flatMap(({ address, data }) => [address, data.subarray(HEADER_BYTES)])) {
    for (let at = 0; at + SNIPPET_BYTES <= bytes.length; at++) {
      snippets.add(toHex(bytes.subarray(at, at + SNIPPET_BYTES)));
    }
  }
  return snippets;
}

/** Every key that frames of one generation make up. */
export function keysOf(crypto: CryptoSuite, frames: readonly PieceFrame[]): ReadonlySet<string> {
  const distinct = [...new Map(frames.map((frame) => [toHex(frame.piece), frame])).values()];
  const keys = new Set<string>();
  for (const a of distinct) {
    for (const b of distinct) {
      const key = a.kind < b.kind ? joinPieces(crypto, a, b) : null;
      if (key !== null) keys.add(toHex(key));
    }
  }
  return keys;
}

/** The piece frame in advertising data; anything else is an error here. */
function pieceFrameOf(data: Uint8Array): PieceFrame {
  const frame = decodeAdvertisement(data);
  if (frame?.type !== "piece") throw new Error("not a piece frame");
  return frame;
}
