import { seededRandom } from "@glowworm/protocol/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isNonResolvable, randomAddress } from "../src/address.ts";

describe("random address", () => {
  it("is a valid non-resolvable private address for any randomness", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
        const rest = seededRandom("address");
        let isFirst = true;
        const bytesOf = (length: number): Uint8Array => {
          const out = isFirst ? bytes.slice() : rest.bytes(length);
          isFirst = false;
          return out;
        };
        const address = randomAddress({ bytes: bytesOf });
        expect((address[0] ?? 0xff) >> 6).toBe(0);
        expect(isNonResolvable(address)).toBe(true);
      }),
      { seed: 1 },
    );
  });

  it.each([[[0, 0, 0, 0, 0, 0]], [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff]]])(
    "is drawn again after %j",
    (first) => {
      const draws = [Uint8Array.from(first), Uint8Array.of(1, 2, 3, 4, 5, 6)];
      const address = randomAddress({ bytes: () => draws.shift() ?? new Uint8Array(6) });
      expect([...address]).toEqual([1, 2, 3, 4, 5, 6]);
    },
  );

  it.each([
    ["static", [0xc0, 0, 0, 0, 0, 1]],
    ["resolvable", [0x40, 0, 0, 0, 0, 1]],
    ["all zero", [0, 0, 0, 0, 0, 0]],
    ["all one", [0x3f, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ["too short", [0, 0, 0, 0, 1]],
    ["empty", []],
  ])("is told apart from one that is %s", (_what, bytes) => {
    expect(isNonResolvable(Uint8Array.from(bytes))).toBe(false);
  });
});
