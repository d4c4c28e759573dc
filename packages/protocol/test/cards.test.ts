import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import {
  CARD_DAYS,
  type CardFile,
  dayCardOf,
  decodeCardFile,
  deriveDayKeys,
  encodeCardFile,
  isAllZero,
  loadCrypto,
  seedOffset,
  UsageError,
} from "../src/index.ts";
import { codeOf, isTotal } from "./support/refusal.ts";
import { anyBytes, bytes } from "./support/samples.ts";

const crypto = await loadCrypto();
const FILE: CardFile = cardFile(20_454, 3);

describe("a card file", () => {
  it("is what was encoded", () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(100_000), fc.nat(10), (createdAt, day, more) => {
        const file = { ...cardFile(day, more + 1), createdAt };
        const data = encodeCardFile(crypto, file);
        expect(decodeCardFile(crypto, data)).toEqual(file);
      }),
      effort(20, 101),
    );
  });

  it("of ten years has 248,444 bytes", () => {
    const [card] = FILE.cards;
    const cards = Array.from({ length: CARD_DAYS }, (_item, index) => ({
      ...(card ?? missing()),
      day: 20_454 + index,
    }));
    expect(encodeCardFile(crypto, { createdAt: 0, cards }).length).toBe(248_444);
  });

  it("is refused with any of its bits flipped", () => {
    const data = encodeCardFile(crypto, FILE);
    for (let bit = 0; bit < 8 * data.length; bit++) {
      const flipped = data.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(
        codeOf(() => decodeCardFile(crypto, flipped)),
        `bit ${bit}`,
      ).toBeDefined();
    }
  });

  it("is refused at every truncation", () => {
    const data = encodeCardFile(crypto, FILE);
    for (let length = 0; length < data.length; length++) {
      expect(codeOf(() => decodeCardFile(crypto, data.subarray(0, length)))).toBe("truncated");
    }
  });

  it.each([0, 1, 2])("is read on when the seed at index %s is overwritten with zeros", (index) => {
    const data = encodeCardFile(crypto, FILE);
    data.fill(0, seedOffset(index), seedOffset(index) + 32);
    const { cards } = decodeCardFile(crypto, data);
    expect(cards.map((card) => isAllZero(card.seed))).toEqual([0, 1, 2].map((i) => i === index));
    expect(cards.map((card) => card.publicKey)).toEqual(FILE.cards.map((card) => card.publicKey));
  });

  it("is decoded from arbitrary bytes or refused with a DecodeError", () => {
    const head = encodeCardFile(crypto, FILE).subarray(0, 20);
    const tails = fc
      .oneof(anyBytes(200), bytes(20 + 68))
      .map((tail) => Uint8Array.of(...head, ...tail));
    fc.assert(
      fc.property(fc.oneof(anyBytes(100), tails), (data) =>
        isTotal(() => decodeCardFile(crypto, data)),
      ),
      effort(1000, 102),
    );
  });

  it("cannot be made without cards or with a gap between days", () => {
    const [first, , third] = FILE.cards;
    const gap = [first ?? missing(), third ?? missing()];
    expect(() => encodeCardFile(crypto, { createdAt: 0, cards: [] })).toThrow(UsageError);
    expect(() => encodeCardFile(crypto, { createdAt: 0, cards: gap })).toThrow(UsageError);
  });
});

function cardFile(firstDay: number, days: number): CardFile {
  const deviceKey = new Uint8Array(32).fill(7);
  const cards = Array.from({ length: days }, (_item, index) =>
    dayCardOf(crypto, deriveDayKeys(crypto, deviceKey, firstDay + index)),
  );
  return { createdAt: 86_400 * firstDay, cards };
}

function missing(): never {
  throw new Error("no such card");
}
