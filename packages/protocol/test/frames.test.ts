import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import {
  concat,
  decodeAdvertisement,
  decodeFrame,
  encodeAdvertisement,
  encodeFrame,
  joinPieces,
  loadCrypto,
  type PieceFrame,
  type PieceKind,
  piecesOf,
  STATUS_SEPARATED,
  tagOf,
  toHex,
  UsageError,
} from "../src/index.ts";
import { seededRandom } from "../src/testing/index.ts";
import { anyBytes, bytes, frames } from "./support/samples.ts";

const crypto = await loadCrypto();
const KINDS: readonly PieceKind[] = [0, 1, 2];

describe("pieces", () => {
  it("rebuild the key, any two of three, in either order", () => {
    fc.assert(
      fc.property(bytes(32), fc.constantFrom(...KINDS), fc.constantFrom(...KINDS), (key, a, b) => {
        fc.pre(a !== b);
        expect(joinPieces(crypto, pieceOf(key, a), pieceOf(key, b))).toEqual(key);
      }),
      effort(300, 41),
    );
  });

  it("of many beacons, damaged or not, rebuild the keys that were sent and no other", () => {
    const random = seededRandom("many beacons");
    const keys = Array.from({ length: 50 }, () => random.bytes(32));
    const sent = keys.flatMap((key) => KINDS.map((kind) => pieceOf(key, kind)));
    const heard = [...sent, ...sent.map((frame) => damaged(frame, random.bytes(2)))];
    const known = new Set(keys.map(toHex));
    let rebuilt = 0;
    for (const a of heard) {
      for (const b of heard) {
        if (a.kind >= b.kind) continue;
        const key = joinPieces(crypto, a, b);
        if (key === null) continue;
        expect(known.has(toHex(key))).toBe(true);
        rebuilt += 1;
      }
    }
    expect(rebuilt).toBeGreaterThanOrEqual(3 * keys.length);
  });

  it("of one kind cannot be joined", () => {
    const piece = pieceOf(new Uint8Array(32), 1);
    expect(() => joinPieces(crypto, piece, piece)).toThrow(UsageError);
  });

  it.each([31, 33])("are not made of a key of %s bytes", (length) => {
    expect(() => piecesOf(new Uint8Array(length))).toThrow(UsageError);
  });
});

describe("a frame", () => {
  it("is what was encoded", () => {
    fc.assert(
      fc.property(frames, (frame) => {
        expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
        expect(decodeAdvertisement(encodeAdvertisement(frame))).toEqual(frame);
      }),
      effort(300, 42),
    );
  });

  it("encodes to the bytes it was decoded from", () => {
    const ours = fc.oneof(anyBytes(40), bytes(27), bytes(37)).map((data) => {
      if (data.length > 0) data[0] = 0x20 | ((data[0] ?? 0) & 0x1f);
      return data;
    });
    let accepted = 0;
    fc.assert(
      fc.property(ours, (data) => {
        const frame = decodeFrame(data);
        if (frame === null) return;
        accepted += 1;
        expect(encodeFrame(frame)).toEqual(data);
      }),
      effort(1000, 43),
    );
    expect(accepted).toBeGreaterThan(100);
  });

  it("is found in or missing from arbitrary bytes without an error", () => {
    fc.assert(
      fc.property(anyBytes(300), (data) => {
        const frame = decodeFrame(data);
        const advertised = decodeAdvertisement(data);
        return [frame, advertised].every((value) => value === null || "type" in value);
      }),
      effort(5000, 44),
    );
  });

  it("is found behind well-formed structures of others", () => {
    const structures = fc.array(
      anyBytes(20).filter((data) => data.length > 0),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(structures, frames, (others, frame) => {
        const foreign = others.map((data) => concat(Uint8Array.of(data.length + 1, 0x16), data));
        const data = concat(...foreign, encodeAdvertisement(frame));
        expect(decodeAdvertisement(data)).toEqual(frame);
      }),
      effort(300, 45),
    );
  });

  it("keeps no view of the bytes it came from", () => {
    const data = encodeFrame(pieceOf(new Uint8Array(32).fill(7), 0));
    const frame = decodeFrame(data);
    const before = structuredClone(frame);
    data.fill(0);
    expect(frame).toEqual(before);
  });

  it("fills one legacy advertisement", () => {
    expect(encodeAdvertisement(pieceOf(new Uint8Array(32), 2)).length).toBe(31);
  });

  it.each([-1, 8, 32, 1.5, Number.NaN])(
    "refuses status %s, which three bits cannot hold",
    (status) => {
      expect(() => encodeFrame({ ...pieceOf(new Uint8Array(32), 0), status })).toThrow(UsageError);
    },
  );
});

function pieceOf(publicKey: Uint8Array, kind: PieceKind): PieceFrame {
  return {
    type: "piece",
    kind,
    status: STATUS_SEPARATED,
    tag: tagOf(crypto, publicKey),
    piece: piecesOf(publicKey)[kind],
    token: new Uint8Array(4),
  };
}

function damaged(frame: PieceFrame, [at = 0, change = 0]: Uint8Array): PieceFrame {
  const piece = frame.piece.slice();
  piece[at % piece.length] = (piece[at % piece.length] ?? 0) ^ (change | 1);
  return { ...frame, piece };
}
