import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import {
  checkRecords,
  compareStoredRecords,
  concat,
  decodeRecords,
  encodeRecords,
  encodeStoredRecord,
  hourOf,
  hourOfSegment,
  hourPadding,
  SEGMENTS_PER_HOUR,
  segmentOf,
  segmentPadding,
} from "../src/index.ts";
import { codeOf, isTotal } from "./support/refusal.ts";
import { anyBytes, bytes, storedRecords } from "./support/samples.ts";

const distinct = fc.uniqueArray(storedRecords, {
  maxLength: 20,
  comparator: (a, b) => compareStoredRecords(a, b) === 0,
});

describe("published records", () => {
  it("come out in one order whatever order they went in", () => {
    fc.assert(
      fc.property(distinct, fc.nat(), (records, turn) => {
        const turned = records.map((_record, index) => {
          const from = (index + turn) % records.length;
          return records[from] ?? records[0];
        });
        const data = encodeRecords(records);
        expect(encodeRecords(turned.filter((record) => record !== undefined))).toEqual(data);
        expect(decodeRecords(data)).toEqual([...records].sort(compareStoredRecords));
        expect(() => checkRecords(data)).not.toThrow();
      }),
      effort(100, 81),
    );
  });

  it("are refused in any other order", () => {
    const several = distinct.filter((records) => records.length > 1);
    fc.assert(
      fc.property(several, fc.nat(), (records, pick) => {
        const sorted = [...records].sort(compareStoredRecords).map(encodeStoredRecord);
        const at = pick % (sorted.length - 1);
        const swapped = [...sorted.slice(0, at), ...sorted.slice(at, at + 2).reverse()];
        const data = concat(...swapped, ...sorted.slice(at + 2));
        expect(codeOf(() => decodeRecords(data))).toBe("bad-value");
        expect(codeOf(() => checkRecords(data))).toBe("bad-value");
      }),
      effort(100, 82),
    );
  });

  it("are decoded from arbitrary bytes or refused with a DecodeError", () => {
    const data = fc.oneof(anyBytes(500), bytes(133), bytes(266));
    fc.assert(
      fc.property(data, (body) => isTotal(() => decodeRecords(body))),
      effort(1000, 83),
    );
  });
});

describe("padding", () => {
  it("fills segments to an even number and hours to whole pages, and never to nothing", () => {
    for (let count = 0; count <= 1100; count++) {
      const segment = count + segmentPadding(count);
      const hour = count + hourPadding(count);
      expect([segment % 2, hour % 256]).toEqual([0, 0]);
      expect(segment).toBeGreaterThanOrEqual(2);
      expect(hour).toBeGreaterThanOrEqual(256);
      expect(segmentPadding(count)).toBeLessThanOrEqual(2);
      expect(hourPadding(count)).toBeLessThanOrEqual(256);
      if (count >= 2) expect(segmentPadding(count)).toBeLessThan(2);
      if (count >= 256) expect(hourPadding(count)).toBeLessThan(256);
    }
  });

  it("makes a silent hour one page, padding of its segments included", () => {
    const silent = SEGMENTS_PER_HOUR * segmentPadding(0);
    expect(silent + hourPadding(silent)).toBe(256);
  });
});

describe("hours and segments", () => {
  it("agree on the hour of every time", () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (at) => {
        expect(hourOfSegment(segmentOf(at))).toBe(hourOf(at));
      }),
      effort(300, 84),
    );
  });
});
