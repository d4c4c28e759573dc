import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import {
  compareBytes,
  decodeManifest,
  decodePage,
  encodeManifest,
  encodeRecords,
  FILTER_FREE_PAGES,
  loadCrypto,
  type Manifest,
  manifestHash,
  PAGE_BYTES,
  PAGE_RECORDS,
  paddingRecord,
  pageEntryOf,
  toHex,
  UsageError,
} from "../src/index.ts";
import { seededRandom } from "../src/testing/index.ts";
import { codeOf, isTotal } from "./support/refusal.ts";
import { anyBytes, bytes } from "./support/samples.ts";

const crypto = await loadCrypto();

const manifests: fc.Arbitrary<Manifest> = fc
  .record({
    hour: fc.nat(0xffffffff),
    previous: bytes(32),
    filterHash: bytes(32),
    ids: fc.array(fc.tuple(bytes(16), bytes(16)), { minLength: 1, maxLength: 6 }),
    more: fc.constantFrom(0, 64),
    hash: bytes(32),
  })
  .map(({ hour, previous, filterHash, ids, more, hash }) => {
    const bounds = ids.flat().sort(compareBytes);
    const pages = ids.map((_pair, index) => ({
      firstId: bounds[2 * index] ?? new Uint8Array(16),
      lastId: bounds[2 * index + 1] ?? new Uint8Array(16),
      hash,
    }));
    const lastId = pages.at(-1)?.lastId ?? new Uint8Array(16);
    for (let page = 0; page < more; page++) pages.push({ firstId: lastId, lastId, hash });
    const filter = pages.length > FILTER_FREE_PAGES ? filterHash : new Uint8Array(32);
    return { hour, recordCount: pages.length * PAGE_RECORDS, previous, filter, pages };
  });

const random = seededRandom("pages");
const page = encodeRecords(
  Array.from({ length: PAGE_RECORDS }, () => paddingRecord(crypto, random, 9)),
);
const entry = pageEntryOf(crypto, page);

describe("a manifest", () => {
  it("is what was encoded, and encodes to the bytes it was decoded from", () => {
    fc.assert(
      fc.property(manifests, (manifest) => {
        const data = encodeManifest(manifest);
        expect(decodeManifest(data)).toEqual(manifest);
        expect(encodeManifest(decodeManifest(data))).toEqual(data);
      }),
      effort(100, 91),
    );
  });

  it("has another hash when any bit differs", () => {
    const data = encodeManifest({ ...noManifest(), recordCount: 256, pages: [entry] });
    const seen = new Set([toHex(manifestHash(crypto, data))]);
    for (let bit = 0; bit < 8 * data.length; bit++) {
      const flipped = data.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      seen.add(toHex(manifestHash(crypto, flipped)));
    }
    expect(seen.size).toBe(1 + 8 * data.length);
  });

  it("is decoded from arbitrary bytes or refused with a DecodeError", () => {
    fc.assert(
      fc.property(anyBytes(300), (data) => {
        if (data.length > 0) data[0] = 1;
        return isTotal(() => decodeManifest(data));
      }),
      effort(1000, 93),
    );
  });

  it("does not believe a page count that the bytes do not bear out", () => {
    const data = encodeManifest({ ...noManifest(), recordCount: 256, pages: [entry] });
    new DataView(data.buffer).setUint32(5, 0xffffff00);
    new DataView(data.buffer).setUint32(9, 0x00ffffff);
    data[45] = 1;
    expect(codeOf(() => decodeManifest(data))).toBe("truncated");
  });

  it.each([
    ["no pages", 0, []],
    ["a wrong record count", 255, [entry]],
  ])("cannot be made of %s", (_name, recordCount, pages) => {
    expect(() => encodeManifest({ ...noManifest(), recordCount, pages })).toThrow(UsageError);
  });

  it("has a filter above 64 pages at most", () => {
    const { firstId } = entry;
    const filter = new Uint8Array(32).fill(1);
    const make = (count: number) => () => {
      const pages = Array.from({ length: count }, () => ({ ...entry, lastId: firstId }));
      return encodeManifest({ ...noManifest(), recordCount: count * 256, pages, filter });
    };
    expect(make(FILTER_FREE_PAGES)).toThrow(UsageError);
    expect(decodeManifest(make(FILTER_FREE_PAGES + 1)()).filter).toEqual(filter);
  });
});

describe("a page", () => {
  it("of its manifest gives its 256 records", () => {
    expect(page.length).toBe(PAGE_BYTES);
    expect(encodeRecords(decodePage(crypto, entry, page))).toEqual(page);
  });

  it("is refused with any byte changed", () => {
    fc.assert(
      fc.property(fc.nat(PAGE_BYTES - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const wrong = page.slice();
        wrong[at] = (wrong[at] ?? 0) ^ change;
        expect(codeOf(() => decodePage(crypto, entry, wrong))).toBe("bad-value");
      }),
      effort(200, 94),
    );
  });

  it("out of order is refused even if its manifest vouches for it", () => {
    const unsorted = page.slice();
    unsorted.set(page.subarray(133, 266), 266);
    unsorted.set(page.subarray(266, 399), 133);
    const vouched = pageEntryOf(crypto, unsorted);
    expect(codeOf(() => decodePage(crypto, vouched, unsorted))).toBe("bad-value");
  });

  it.each([0, PAGE_BYTES - 1, PAGE_BYTES + 1])("has no entry at %s bytes", (length) => {
    expect(() => pageEntryOf(crypto, new Uint8Array(length))).toThrow(UsageError);
  });
});

function noManifest(): Manifest {
  const zeros = new Uint8Array(32);
  return { hour: 1, recordCount: 0, previous: zeros, filter: zeros, pages: [] };
}
