import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import {
  ByteReader,
  ByteWriter,
  compareBytes,
  concat,
  equalBytes,
  fromHex,
  randomFraction,
  toHex,
  UsageError,
} from "../src/index.ts";
import { seededRandom } from "../src/testing/index.ts";
import { codeOf } from "./support/refusal.ts";
import { anyBytes } from "./support/samples.ts";

const WIDTHS = [
  ["u8", 1, 0, 0xff],
  ["i8", 1, -0x80, 0x7f],
  ["u16", 2, 0, 0xffff],
  ["i16", 2, -0x8000, 0x7fff],
  ["u32", 4, 0, 0xffffffff],
  ["i32", 4, -0x80000000, 0x7fffffff],
] as const;

describe.each(WIDTHS)("%s", (type, length, low, high) => {
  it("is written big-endian and read back, from a window into a larger buffer", () => {
    fc.assert(
      fc.property(fc.integer({ min: low, max: high }), (value) => {
        const written = new ByteWriter(length)[type]("field", value).finish();
        const unsigned = BigInt(value) & ((1n << BigInt(8 * length)) - 1n);
        expect(toHex(written)).toBe(unsigned.toString(16).padStart(2 * length, "0"));
        const window = concat(Uint8Array.of(0xaa), written).subarray(1);
        expect(new ByteReader(window)[type]("field")).toBe(value);
      }),
      effort(50, 131),
    );
  });

  it("is refused out of range, and the value is not repeated", () => {
    for (const value of [low - 1, high + 1, low + 0.5, Number.NaN]) {
      const write = () => new ByteWriter(length)[type]("field", value);
      expect(write).toThrow(UsageError);
      expect(write).not.toThrow(`got ${value}`);
    }
  });

  it("is truncated one byte short", () => {
    const reader = new ByteReader(new Uint8Array(length - 1));
    expect(codeOf(() => reader[type]("field"))).toBe("truncated");
    expect(reader.offset).toBe(0);
  });
});

describe("reader and writer", () => {
  it("insist on the end", () => {
    const reader = new ByteReader(new Uint8Array(2));
    reader.u8("first");
    expect(codeOf(() => reader.end("whole"))).toBe("trailing-bytes");
    expect(codeOf(() => new ByteWriter(2).u8("first", 1).finish())).toBe("usage");
  });

  it("copy what they hand out", () => {
    const source = fromHex("0102");
    const copy = new ByteReader(source).bytes("field", 2);
    source.fill(0);
    expect(toHex(copy)).toBe("0102");
  });
});

describe("hex", () => {
  it("round-trips", () => {
    fc.assert(
      fc.property(anyBytes(50), (data) => equalBytes(fromHex(toHex(data)), data)),
      effort(100, 132),
    );
  });

  it.each(["0", "0G", "AB", " 00", "00\n", "0x00"])("refuses %j", (text) => {
    expect(() => fromHex(text)).toThrow(UsageError);
  });
});

describe("byte order", () => {
  it("puts a prefix first and counts bytes as unsigned", () => {
    const sorted = ["", "00", "0000", "7f", "80", "ff"].map(fromHex);
    expect([...sorted].reverse().sort(compareBytes)).toEqual(sorted);
  });
});

describe("a random fraction", () => {
  it("is at least 0 and below 1, also from the largest bytes", () => {
    expect(randomFraction({ bytes: (length) => new Uint8Array(length) })).toBe(0);
    expect(randomFraction({ bytes: (length) => new Uint8Array(length).fill(255) })).toBeLessThan(1);
  });

  it("is the same for the same seed", () => {
    expect(randomFraction(seededRandom(7))).toBe(randomFraction(seededRandom(7)));
    expect(randomFraction(seededRandom(7))).not.toBe(randomFraction(seededRandom(8)));
  });
});
