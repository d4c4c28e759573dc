import { compareBytes, concat, equalBytes, STORABLE_RECORD_BYTES } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import {
  firstFrom,
  isAmong,
  PREFIXES,
  sortedNumbers,
  sortedOnce,
} from "../../src/store/embedded/segments/sorted-records.ts";

const random = seededRandom("sorted records");

function cut(bytes: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: bytes.length / STORABLE_RECORD_BYTES }, (_, number) =>
    bytes.subarray(number * STORABLE_RECORD_BYTES, (number + 1) * STORABLE_RECORD_BYTES),
  );
}

/** Records that have the first `alike` bytes in common. */
function records(count: number, alike: number): Uint8Array {
  const bytes = random.bytes(count * STORABLE_RECORD_BYTES);
  for (const record of cut(bytes)) record.fill(200, 0, alike);
  return bytes;
}

describe("records", () => {
  it.each([0, 3, 4, 16, 60, 128])(
    "are sorted by all their bytes when the first %i are alike",
    (alike) => {
      const bytes = records(2000, alike);
      const all = cut(bytes);
      const sorted = [...sortedNumbers(bytes)].map((number) => all[number] ?? new Uint8Array());
      expect(equalBytes(concat(...sorted), concat(...[...all].sort(compareBytes)))).toBe(true);
    },
  );

  it("are kept once when they are equal, wherever they stand", () => {
    const bytes = records(300, 2);
    const twice = new Uint8Array([...bytes, ...bytes]);
    expect(cut(sortedOnce(twice))).toEqual([...cut(bytes)].sort(compareBytes));
  });

  it("are found among sorted ones, and others are not", () => {
    const sorted = cut(sortedOnce(records(257, 1)));
    const found = (record: Uint8Array): boolean =>
      isAmong(record, sorted.length, (number) => sorted[number] ?? new Uint8Array());
    expect(sorted.filter((record) => !found(record))).toEqual([]);
    expect(cut(records(257, 1)).filter(found)).toEqual([]);
  });

  it("are divided by the beginning of their ids without one that is lost or doubled", () => {
    const sorted = sortedOnce(records(1000, 0));
    const borders = [0, 1, PREFIXES / 3, PREFIXES / 2, PREFIXES - 1, PREFIXES].map(Math.ceil);
    const firsts = borders.map((border) => firstFrom(sorted, border));
    expect([firsts[0], firsts.at(-1)]).toEqual([0, 1000]);
    expect([...firsts].sort((a, b) => a - b)).toEqual(firsts);
    const third = (sorted[(firsts[2] ?? 0) * STORABLE_RECORD_BYTES] ?? 0) / 256;
    expect(third).toBeGreaterThanOrEqual(1 / 3 - 1 / 256);
  });
});
