import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { RecordIndex } from "../../src/store/embedded/record-index.ts";
import { RECORD_BYTES } from "../../src/store/hour-assembly.ts";

const random = seededRandom("record index");
const COUNT = 60_000;

describe("the index of an open hour", () => {
  it("knows the segment of every record, beyond the size of one table, and guesses wrong next to never", () => {
    const index = new RecordIndex(random);
    const records = random.bytes(COUNT * RECORD_BYTES);
    for (let row = 0; row < COUNT; row++) index.add(records, row * RECORD_BYTES, row % 120);
    let misses = 0;
    for (let row = 0; row < COUNT; row++) {
      if (!index.find(records, row * RECORD_BYTES, (value) => value === row % 120)) misses += 1;
    }
    expect(misses).toBe(0);
    const others = random.bytes(COUNT * RECORD_BYTES);
    let guesses = 0;
    for (let row = 0; row < COUNT; row++) {
      index.find(others, row * RECORD_BYTES, () => {
        guesses += 1;
        return false;
      });
    }
    expect(guesses).toBeLessThan(10);
  });

  it("asks about every place under which a record was added until one is right", () => {
    const index = new RecordIndex(random);
    const record = random.bytes(RECORD_BYTES);
    for (const value of [3, 0, 119]) index.add(record, 0, value);
    const asked: number[] = [];
    const found = index.find(record, 0, (value) => {
      asked.push(value);
      return value === 119;
    });
    expect([found, asked]).toEqual([true, [3, 0, 119]]);
  });

  it("tells records apart that differ in the id or at the end only", () => {
    const index = new RecordIndex(random);
    const record = random.bytes(RECORD_BYTES);
    index.add(record, 0, 1);
    for (const at of [0, 15, RECORD_BYTES - 16, RECORD_BYTES - 1]) {
      const other = Uint8Array.from(record);
      other[at] = (other[at] ?? 0) ^ 1;
      expect(index.find(other, 0, () => true)).toBe(false);
    }
  });
});
