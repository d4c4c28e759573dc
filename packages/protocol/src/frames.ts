import { assertLength, ByteReader, ByteWriter, concat, equalBytes } from "./bytes.ts";
import type { CryptoSuite } from "./crypto/suite.ts";
import { UsageError } from "./errors.ts";
import { TAG_BYTES, tagOf } from "./ids.ts";
import { COMPANY_ID, PROTOCOL_VERSION } from "./params.ts";

/** Bytes of a third of the carousel: half a key. */
const PIECE_BYTES: number = 16;
/** Bytes of a minute token. */
export const TOKEN_BYTES: number = 4;
/** Bytes of a frame that carries one piece. */
export const PIECE_FRAME_BYTES: number = 27;
/** Bytes of a frame that carries the whole key. */
export const WHOLE_FRAME_BYTES: number = 37;
/** Status bit: the accessory is away from its owner. The two lower bits are reserved. */
export const STATUS_SEPARATED: number = 4;
/** Largest value of the three status bits. */
export const STATUS_MAX: number = 7;

/** 0: first half of the key; 1: second half; 2: the xor of both. Kind 3 is reserved. */
export type PieceKind = 0 | 1 | 2;

/** One of three legacy frames, any two of which rebuild the key. */
export interface PieceFrame {
  readonly type: "piece";
  readonly kind: PieceKind;
  /** 0 to 7, as heard. */
  readonly status: number;
  readonly tag: Uint8Array;
  readonly piece: Uint8Array;
  readonly token: Uint8Array;
}

/** The single frame of extended advertising. */
export interface WholeFrame {
  readonly type: "whole";
  readonly status: number;
  readonly publicKey: Uint8Array;
  readonly token: Uint8Array;
}

/** Everything that is ours on the air. */
export type Frame = PieceFrame | WholeFrame;

/** The three pieces of a key, by kind. @see docs/protocol.md section 5.2 */
export function piecesOf(publicKey: Uint8Array): readonly [Uint8Array, Uint8Array, Uint8Array] {
  assertLength("frame.public_key", publicKey, 2 * PIECE_BYTES);
  const first = publicKey.slice(0, PIECE_BYTES);
  const second = publicKey.slice(PIECE_BYTES);
  return [first, second, xor(first, second)];
}

/**
 * The key that two pieces of different kinds make up, or null when the tag says they do not belong together.
 * @throws {UsageError} for two pieces of one kind.
 * @see docs/protocol.md section 5.2
 */
export function joinPieces(crypto: CryptoSuite, a: PieceFrame, b: PieceFrame): Uint8Array | null {
  if (a.kind === b.kind) throw new UsageError("pieces: expected two of different kinds");
  const [low, high] = a.kind < b.kind ? [a, b] : [b, a];
  const first = low.kind === 0 ? low.piece : xor(low.piece, high.piece);
  const second = high.kind === 1 ? high.piece : xor(first, high.piece);
  const publicKey = concat(first, second);
  const tag = tagOf(crypto, publicKey);
  return equalBytes(tag, a.tag) && equalBytes(tag, b.tag) ? publicKey : null;
}

/**
 * Bytes of a frame: 27 for a piece, 37 for a whole key.
 * @throws {UsageError} for a status above 7 or a field of a wrong length.
 * @see docs/protocol.md section 5.2
 */
export function encodeFrame(frame: Frame): Uint8Array {
  if (frame.type === "whole") {
    return new ByteWriter(WHOLE_FRAME_BYTES)
      .u8("frame.header", headerOf(0, frame.status))
      .bytes("frame.public_key", frame.publicKey, 32)
      .bytes("frame.token", frame.token, TOKEN_BYTES)
      .finish();
  }
  return new ByteWriter(PIECE_FRAME_BYTES)
    .u8("frame.header", headerOf(frame.kind, frame.status))
    .bytes("frame.tag", frame.tag, TAG_BYTES)
    .bytes("frame.piece", frame.piece, PIECE_BYTES)
    .bytes("frame.token", frame.token, TOKEN_BYTES)
    .finish();
}

/**
 * The frame in manufacturer data (without the company identifier), or null when it is not one of ours: the
 * identifier is shared, so foreign bytes are the normal case and never an error. Holds copies.
 * @see docs/protocol.md section 5.2
 */
export function decodeFrame(data: Uint8Array): Frame | null {
  const header = data[0] ?? 0;
  if (header >> 5 !== PROTOCOL_VERSION) return null;
  const kind = (header >> 3) & 3;
  const status = header & STATUS_MAX;
  if (data.length === PIECE_FRAME_BYTES && kind !== 3) return decodePiece(data, kind, status);
  if (data.length === WHOLE_FRAME_BYTES && kind === 0) return decodeWhole(data, status);
  return null;
}

/** Advertising data of a frame: one AD structure of manufacturer data. @see docs/protocol.md section 5.3 */
export function encodeAdvertisement(frame: Frame): Uint8Array {
  const body = encodeFrame(frame);
  const out = new Uint8Array(4 + body.length);
  out.set([body.length + 3, AD_MANUFACTURER_DATA, COMPANY_ID & 0xff, COMPANY_ID >> 8]);
  out.set(body, 4);
  return out;
}

/**
 * The first of our frames in advertising data, or null. Walks the AD structures and stops at the first malformed one.
 * @see docs/protocol.md section 5.3
 */
export function decodeAdvertisement(data: Uint8Array): Frame | null {
  let at = 0;
  while (at + 1 < data.length) {
    const length = data[at] ?? 0;
    const end = at + 1 + length;
    if (length === 0 || end > data.length) return null;
    if (isOurs(data, at, length)) {
      const frame = decodeFrame(data.subarray(at + 4, end));
      if (frame !== null) return frame;
    }
    at = end;
  }
  return null;
}

/** Bluetooth assigned number of the AD type "manufacturer specific data". */
const AD_MANUFACTURER_DATA = 0xff;

function isOurs(data: Uint8Array, at: number, length: number): boolean {
  return (
    length > 3 &&
    data[at + 1] === AD_MANUFACTURER_DATA &&
    data[at + 2] === (COMPANY_ID & 0xff) &&
    data[at + 3] === COMPANY_ID >> 8
  );
}

function decodePiece(data: Uint8Array, kind: number, status: number): PieceFrame {
  const reader = new ByteReader(data);
  reader.u8("frame.header");
  return {
    type: "piece",
    kind: kind as PieceKind,
    status,
    tag: reader.bytes("frame.tag", TAG_BYTES),
    piece: reader.bytes("frame.piece", PIECE_BYTES),
    token: reader.bytes("frame.token", TOKEN_BYTES),
  };
}

function decodeWhole(data: Uint8Array, status: number): WholeFrame {
  const reader = new ByteReader(data);
  reader.u8("frame.header");
  return {
    type: "whole",
    status,
    publicKey: reader.bytes("frame.public_key", 32),
    token: reader.bytes("frame.token", TOKEN_BYTES),
  };
}

function headerOf(kind: number, status: number): number {
  if (!Number.isInteger(status) || status < 0 || status > STATUS_MAX) {
    throw new UsageError(`frame.status: expected a whole number from 0 to ${STATUS_MAX}`);
  }
  return (PROTOCOL_VERSION << 5) | (kind << 3) | status;
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, index) => byte ^ (b[index] ?? 0));
}
