import {
  decodeAdvertisement,
  decodeFrame,
  encodeAdvertisement,
  encodeFrame,
  equalBytes,
  type Frame,
  loadCrypto,
  type PieceKind,
} from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { ASSEMBLER_LIMITS, Assembler } from "../../packages/relay/src/assembler.ts";
import {
  freshKey,
  hearing,
  pieceFrame,
  START_MS,
  wholeFrame,
} from "../../packages/relay/test/support/beacons.ts";
import { effort } from "../support/effort.ts";
import { fuzz } from "../support/fuzzing.ts";
import type { Mutator } from "../support/mutator.ts";

const crypto = await loadCrypto();
const random = seededRandom("fuzzed frames");
const KEYS: readonly Uint8Array[] = Array.from({ length: 20 }, () => freshKey(crypto, random));
const KINDS: readonly PieceKind[] = [0, 1, 2];
const ADVERTS: readonly Uint8Array[] = KEYS.flatMap((key) => [
  ...KINDS.map((kind) => encodeAdvertisement(pieceFrame(crypto, key, kind))),
  encodeAdvertisement(wholeFrame(key)),
]);
const LONGEST = 255;
/** Behind this byte stands our frame: length, type and company come before it. */
const FRAME_AT = 4;

/** Whether a frame has the lengths its type promises; anything else would break what comes after it. */
function isSound(frame: Frame): boolean {
  const isWhole = frame.type === "whole" && frame.publicKey.length === 32;
  const isPiece = frame.type === "piece" && frame.piece.length === 16 && frame.tag.length === 6;
  return (isWhole || isPiece) && frame.token.length === 4 && frame.status <= 7;
}

/** Our own frame, damaged; in half of the cases without the advertisement around it. Bytes have one meaning or none. */
function hostileFrame(mutator: Mutator): Frame | null {
  const advert = mutator.oneOf(ADVERTS);
  if (mutator.below(2) === 0) return decodeAdvertisement(mutator.mutate(advert, LONGEST));
  const bytes = mutator.mutate(advert.subarray(FRAME_AT), LONGEST);
  const frame = decodeFrame(bytes);
  if (frame !== null && !equalBytes(encodeFrame(frame), bytes)) throw new Error("read otherwise");
  return frame;
}

describe("fuzzed frames", () => {
  it("are frames of ours or nothing, and never an error", async () => {
    let frames = 0;
    await fuzz("frames", effort(1_500_000, 43), (mutator) => {
      const frame = hostileFrame(mutator);
      if (frame === null) return;
      if (!isSound(frame)) throw new Error("not a frame");
      frames += 1;
    });
    expect(frames).toBeGreaterThan(100_000);
  });

  it("cost a relay bounded memory, whichever of them it takes for real", async () => {
    const assembler = new Assembler(crypto);
    let keys = 0;
    await fuzz("frames through the assembler", effort(500_000, 44), (mutator, number) => {
      const frame = hostileFrame(mutator);
      const atMs = START_MS + number;
      if (number % 10_000 === 0) assembler.expire(atMs);
      if (frame === null) return;
      const { status, token } = frame;
      if (assembler.hear(frame, hearing(atMs, { status, token })) !== null) keys += 1;
    });
    expect(keys).toBeGreaterThan(1000);
    expect(assembler.size).toBeLessThanOrEqual(ASSEMBLER_LIMITS.single + ASSEMBLER_LIMITS.repeated);
  });
});
