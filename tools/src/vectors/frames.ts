import { type CryptoSuite, encodeFrame, fromHex, piecesOf, tagOf, toHex } from "@glowworm/protocol";
import { bytesCases, cut, flipped, withByte, zeros } from "./cases.ts";
import { sampleEpoch } from "./keys.ts";
import type { CaseDraft, JsonObject } from "./model.ts";

const TOKEN = "a1b2c3d4";
const KINDS = [0, 1, 2] as const;

/** Sections 5.1 to 5.3. */
export function frameCases(crypto: CryptoSuite): readonly CaseDraft[] {
  const { publicKey } = sampleEpoch(crypto, 3);
  const key = fromHex(publicKey);
  const tag = toHex(tagOf(crypto, key));
  const pieces = piecesOf(key).map(toHex);
  const encode = (id: string, comment: string, input: JsonObject): CaseDraft => ({
    id: `frame-encode-${id}`,
    spec: "5.2",
    comment,
    operation: "encodeFrame",
    expect: "ok",
    input,
  });
  const piece = (kind: number, status = 4) => ({
    type: "piece",
    kind,
    status,
    tag,
    piece: pieces[kind] ?? "",
    token: TOKEN,
  });
  return [
    encode("first", "kind 0: the first half of the key", piece(0)),
    encode("second", "kind 1: the second half of the key", piece(1)),
    encode("xor", "kind 2: the xor of both halves", piece(2)),
    encode("status-zero", "no status bit set", piece(0, 0)),
    encode("status-max", "all status bits set", piece(2, 7)),
    encode("whole", "the single frame of extended advertising", {
      type: "whole",
      status: 4,
      publicKey,
      token: TOKEN,
    }),
    ...decodeCases(crypto),
    ...advertisementCases(crypto),
    ...assemblyCases(crypto),
  ];
}

function decodeCases(crypto: CryptoSuite): readonly CaseDraft[] {
  const frame = pieceFrame(crypto, 3, 0);
  const whole = wholeFrame(crypto);
  const decode = bytesCases("frame-decode", "5.2", "decodeFrame");
  return [
    decode("piece", "a piece", frame, "ok"),
    decode("whole", "a whole key", whole, "ok"),
    decode(
      "reserved-status",
      "reserved status bits are read and ignored",
      withByte(frame, 0, 0x27),
      "ok",
    ),
    decode("empty", "no bytes", "", "null"),
    decode("version-0", "version 0", withByte(frame, 0, 0x04), "null"),
    decode("version-2", "version 2", withByte(frame, 0, 0x44), "null"),
    decode("kind-3", "the reserved kind", withByte(frame, 0, 0x3c), "null"),
    decode("piece-short", "one byte short", cut(frame, 26), "null"),
    decode("piece-long", "one byte more", `${frame}00`, "null"),
    decode("whole-short", "one byte short", cut(whole, 36), "null"),
    decode("whole-long", "one byte more", `${whole}00`, "null"),
    decode("whole-kind-1", "37 bytes with kind bits set", withByte(whole, 0, 0x2c), "null"),
    decode("header-alone", "nothing but a header", "24", "null"),
  ];
}

function advertisementCases(crypto: CryptoSuite): readonly CaseDraft[] {
  const frame = pieceFrame(crypto, 3, 0);
  const whole = wholeFrame(crypto);
  const ours = `1effffff${frame}`;
  const decode = bytesCases("advertisement", "5.3", "decodeAdvertisement");
  return [
    decode("legacy", "31 bytes: one piece", ours, "ok"),
    decode("extended", "41 bytes: a whole key", `28ffffff${whole}`, "ok"),
    decode("after-flags", "another structure comes first", `020106${ours}`, "ok"),
    decode(
      "after-foreign",
      "foreign data under the same company identifier comes first",
      `05ffffff0102${ours}`,
      "ok",
    ),
    decode("before-malformed", "what follows ours is malformed", `${ours}09ff`, "ok"),
    decode("empty", "no bytes", "", "null"),
    decode("one-byte", "a length and nothing else", "1e", "null"),
    decode("end-mark", "a length of zero ends the data", `00${ours}`, "null"),
    decode("cut", "the structure is longer than the data", cut(ours, 30), "null"),
    decode("other-company", "another company identifier", withByte(ours, 2, 0x4c), "null"),
    decode("other-type", "another kind of AD structure", withByte(ours, 1, 0x16), "null"),
    decode("company-alone", "a company identifier without data", "03ffffff", "null"),
  ];
}

function assemblyCases(crypto: CryptoSuite): readonly CaseDraft[] {
  const join = (
    id: string,
    comment: string,
    a: string,
    b: string,
    expect: CaseDraft["expect"],
  ): CaseDraft => ({
    id: `join-${id}`,
    spec: "5.2",
    comment,
    operation: "joinPieces",
    expect,
    input: { a, b },
  });
  const pairs = KINDS.flatMap((a) => KINDS.filter((b) => b !== a).map((b) => [a, b] as const));
  const first = pieceFrame(crypto, 3, 0);
  const second = pieceFrame(crypto, 3, 1);
  const retagged = `${pieceFrame(crypto, 4, 1).slice(0, 2)}${first.slice(2, 14)}${pieceFrame(crypto, 4, 1).slice(14)}`;
  return [
    ...pairs.map(([a, b]) =>
      join(
        `kinds-${a}-${b}`,
        `kinds ${a} and ${b}`,
        pieceFrame(crypto, 3, a),
        pieceFrame(crypto, 3, b),
        "ok",
      ),
    ),
    join("other-epoch", "pieces of two epochs", first, pieceFrame(crypto, 4, 1), "null"),
    join("forged-tag", "a foreign piece under our tag", first, retagged, "null"),
    join("damaged-piece", "one bit of a piece", first, flipped(second, 7), "null"),
    join("damaged-tag", "one bit of one tag", first, flipped(second, 6), "null"),
    join("other-token", "two minutes of one epoch", first, withByte(second, 26, 0), "ok"),
    join(
      "zero-pieces",
      "two pieces of zeros under a tag of zeros",
      `24${zeros(26)}`,
      `2c${zeros(26)}`,
      "null",
    ),
  ];
}

function pieceFrame(crypto: CryptoSuite, epoch: number, kind: 0 | 1 | 2): string {
  const key = fromHex(sampleEpoch(crypto, epoch).publicKey);
  const piece = piecesOf(key)[kind];
  const token = fromHex(TOKEN);
  return toHex(
    encodeFrame({ type: "piece", kind, status: 4, tag: tagOf(crypto, key), piece, token }),
  );
}

function wholeFrame(crypto: CryptoSuite): string {
  const publicKey = fromHex(sampleEpoch(crypto, 3).publicKey);
  return toHex(encodeFrame({ type: "whole", status: 4, publicKey, token: fromHex(TOKEN) }));
}
