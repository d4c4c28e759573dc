import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import {
  buildFilter,
  concat,
  decodeFilter,
  filterBytesMax,
  hashId,
  type RandomSource,
  toHex,
  UsageError,
} from "../src/index.ts";
import { seededRandom } from "../src/testing/index.ts";
import { mayHave } from "./reference/filter.ts";
import { codeOf, isTotal } from "./support/refusal.ts";
import { anyBytes, bytes } from "./support/samples.ts";

const HEADER_BYTES = 14;

describe("a filter", () => {
  it("never misses an id, whatever their number and order, once or twice each", () => {
    const ids = fc.array(bytes(16), { maxLength: 300 });
    fc.assert(
      fc.property(ids, fc.nat(), (list, seed) => {
        const twice = distinct(list).flatMap((id) => [id, id]);
        const filter = decodeFilter(buildFilter(concat(...twice), seededRandom(seed)));
        expect(list.filter((id) => !filter.has(id))).toEqual([]);
      }),
      effort(100, 101),
    );
  });

  it("of tens of thousands of ids has them all and no stranger in a million", () => {
    const random = seededRandom("many ids");
    const ids = random.bytes(30_000 * 16);
    const filter = decodeFilter(buildFilter(ids, random));
    const strangers = random.bytes(1_000_000 * 16);
    expect(countIn(filter, ids)).toBe(30_000);
    expect(countIn(filter, strangers)).toBe(0);
  });

  it("takes about four and a half bytes an id", () => {
    const random = seededRandom("size");
    const ids = random.bytes(100_000 * 16);
    expect(buildFilter(ids, random).length / 100_000).toBeLessThan(4.8);
  });

  it("has the size of its distinct ids", () => {
    const random = seededRandom("flood");
    const [some, flood] = [random.bytes(100 * 16), random.bytes(16)];
    const flooded = concat(some, ...Array.from({ length: 5000 }, () => flood));
    const plain = buildFilter(concat(some, flood), seededRandom(1));
    expect(buildFilter(flooded, seededRandom(1))).toEqual(plain);
  });

  it("is the same for ids once and for all, in any order", () => {
    const random = seededRandom("order");
    const ids = Array.from({ length: 300 }, () => random.bytes(16));
    const repeated = ids.toReversed().flatMap((id, index) => Array(1 + (index % 3)).fill(id));
    const plain = buildFilter(concat(...ids), seededRandom(2));
    expect(buildFilter(concat(...repeated), seededRandom(2))).toEqual(plain);
  });

  it("is not made of an id that is repeated further on", () => {
    const ids = seededRandom("apart").bytes(40 * 16);
    const apart = concat(ids, ids.subarray(0, 16));
    expect(() => buildFilter(apart, seededRandom(3))).toThrow(UsageError);
  });

  it("draws another seed when 300 ids share a cell", () => {
    const crowd = crowdOf(300, 9 * 512, seededRandom(4).bytes(8));
    const ids = concat(crowd, seededRandom("others").bytes(3700 * 16));
    const source = drawing(4);
    expect(countIn(decodeFilter(buildFilter(ids, source)), ids)).toBe(4000);
    expect(source.draws).toBe(2);
  });

  it.each([0, 1, 2, 3])("can be made of %s ids", (length) => {
    const random = seededRandom("few");
    const ids = random.bytes(length * 16);
    const filter = decodeFilter(buildFilter(ids, random));
    expect(countIn(filter, ids)).toBe(length);
    expect(filter.has(random.bytes(16))).toBe(false);
  });

  it("differs with its seed, and agrees with the reference on each", () => {
    const ids = seededRandom("ids").bytes(50 * 16);
    const [first, second] = [1, 2].map((seed) => buildFilter(ids, seededRandom(seed)));
    expect(first).not.toEqual(second);
    for (const filter of [first, second]) {
      const hex = Buffer.from(filter ?? []).toString("hex");
      for (let at = 0; at < ids.length; at += 16) {
        expect(mayHave(hex, Buffer.from(ids.slice(at, at + 16)).toString("hex"))).toBe(true);
      }
    }
  });

  it("draws another seed when the first does not serve", () => {
    const ids = seededRandom("hard").bytes(30 * 16);
    const first = Array.from({ length: 2000 }, (_item, seed) => drawing(seed)).find((source) => {
      source.filter = buildFilter(ids, source);
      return source.draws > 1;
    });
    expect(first?.draws).toBe(2);
    expect(countIn(decodeFilter(first?.filter ?? new Uint8Array()), ids)).toBe(30);
  });

  it("gets larger when no seed serves, as for some counts hardly one does", () => {
    for (const count of [4352, 11_264, 11_520, 12_288]) {
      const ids = seededRandom(`tight ${count}`).bytes(count * 16);
      const source = drawing(count);
      const filter = buildFilter(ids, source);
      expect(source.draws).toBeLessThan(20);
      expect(filter.length).toBeLessThan(filterBytesMax(count / 256));
      expect(count - countIn(decodeFilter(filter), ids)).toBe(0);
    }
  });

  it("is built from randomness that always says the same", () => {
    const ids = seededRandom("hard").bytes(30 * 16);
    for (let seed = 0; seed < 2000; seed++) {
      const eight = seededRandom(seed).bytes(8);
      expect(countIn(decodeFilter(buildFilter(ids, { bytes: () => eight })), ids)).toBe(30);
    }
  });

  it("is not made of a part of an id", () => {
    expect(() => buildFilter(new Uint8Array(17), seededRandom(1))).toThrow(UsageError);
  });

  it("is decoded from arbitrary bytes or refused with a DecodeError", () => {
    fc.assert(
      fc.property(anyBytes(200), fc.nat(20), fc.nat(12), (data, bits, segments) => {
        data.set([1, bits, 0, 0, 0, segments].slice(0, data.length));
        return isTotal(() => decodeFilter(data).has(new Uint8Array(16)));
      }),
      effort(1000, 102),
    );
  });

  it.each([1, 0x00010000, 0xffffffff])("does not believe that it has %s segments", (segments) => {
    const data = buildFilter(seededRandom("bound").bytes(160), seededRandom(1));
    new DataView(data.buffer).setUint32(2, segments + 100);
    expect(codeOf(() => decodeFilter(data.slice(0, HEADER_BYTES + 400)))).toBe("truncated");
  });
});

function distinct(ids: readonly Uint8Array[]): readonly Uint8Array[] {
  return [...new Map(ids.map((id) => [toHex(id), id])).values()];
}

/** Ids whose first cell under this seed is the first of so many. */
function crowdOf(count: number, cells: number, seed: Uint8Array): Uint8Array {
  const random = seededRandom("crowd");
  const found: Uint8Array[] = [];
  const words = new Uint32Array(3);
  while (found.length < count) {
    const ids = random.bytes(4096 * 16);
    for (let at = 0; at < ids.length; at += 16) {
      hashId(seed, ids, at, words);
      if ((words[0] ?? 0) < 2 ** 32 / cells) found.push(ids.subarray(at, at + 16));
    }
  }
  return concat(...found.slice(0, count));
}

interface Drawing extends RandomSource {
  draws: number;
  filter: Uint8Array;
}

function drawing(seed: number): Drawing {
  const random = seededRandom(seed);
  const source: Drawing = {
    draws: 0,
    filter: new Uint8Array(),
    bytes: (length) => {
      source.draws += 1;
      return random.bytes(length);
    },
  };
  return source;
}

function countIn(filter: ReturnType<typeof decodeFilter>, ids: Uint8Array): number {
  let found = 0;
  for (let at = 0; at < ids.length; at += 16) if (filter.has(ids, at)) found += 1;
  return found;
}
