import { STORABLE_RECORD_BYTES } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { KnownRecords } from "../../src/store/embedded/open/known-records.ts";
import { RecordHash } from "../../src/store/embedded/open/record-hash.ts";
import { RecordIndex } from "../../src/store/embedded/open/record-index.ts";
import { RunIndex } from "../../src/store/embedded/open/run-index.ts";

const random = seededRandom("record index");
const COUNT = 60_000;
const hash = new RecordHash(random);

/** Both kinds of index: which segment, and which run. */
const KINDS = [
  ["segment", () => new RecordIndex(), 120],
  ["run", () => new RunIndex(), 2 ** 31 + 7],
] as const;

describe.each(KINDS)("the index of the %s of a record", (_, make, values) => {
  it("knows that of every record, beyond the size of one table, and guesses wrong next to never", () => {
    const index = make();
    const records = random.bytes(COUNT * STORABLE_RECORD_BYTES);
    for (let row = 0; row < COUNT; row++)
      index.add(hash.of(records, row * STORABLE_RECORD_BYTES), (row * 65_537) % values);
    let misses = 0;
    for (let row = 0; row < COUNT; row++) {
      const right = (row * 65_537) % values;
      hash.of(records, row * STORABLE_RECORD_BYTES);
      if (!index.find(hash, (value) => value === right)) misses += 1;
    }
    expect(misses).toBe(0);
    const others = random.bytes(COUNT * STORABLE_RECORD_BYTES);
    let guesses = 0;
    for (let row = 0; row < COUNT; row++) {
      index.find(hash.of(others, row * STORABLE_RECORD_BYTES), () => {
        guesses += 1;
        return false;
      });
    }
    expect(guesses).toBeLessThan(10);
  });

  it("asks about every place under which a record was added until one is right", () => {
    const index = make();
    const record = random.bytes(STORABLE_RECORD_BYTES);
    for (const value of [3, 0, 119]) index.add(hash.of(record, 0), value);
    const asked: number[] = [];
    const found = index.find(hash.of(record, 0), (value) => {
      asked.push(value);
      return value === 119;
    });
    expect([found, asked]).toEqual([true, [3, 0, 119]]);
  });

  it("tells records apart that differ in one bit", () => {
    const index = make();
    const record = random.bytes(STORABLE_RECORD_BYTES);
    index.add(hash.of(record, 0), 1);
    for (let at = 0; at < STORABLE_RECORD_BYTES; at++) {
      const other = Uint8Array.from(record);
      other[at] = (other[at] ?? 0) ^ 1;
      expect(index.find(hash.of(other, 0), () => true)).toBe(false);
    }
  });
});

describe("records that are looked for", () => {
  it("cost one look into each run and each file that may have them, however many are alike", () => {
    const record = random.bytes(STORABLE_RECORD_BYTES);
    const looks: string[] = [];
    const look = (place: string): boolean => {
      looks.push(place);
      return false;
    };
    const known = new KnownRecords(hash, 1200, {
      inRun: (run) => look(`run ${run}`),
      inFile: (segment) => look(`file ${segment}`),
    });
    for (const run of [1, 2, 3]) known.addRun({ run, segment: 1205, records: 1 }, record);
    const filed = new Uint8Array([...record, 0, 0, 0, 0]);
    for (let copy = 0; copy < 3; copy++) known.addFiled(1203, filed);
    hash.of(record, 0);
    expect(known.has(record, 0)).toBe(false);
    expect(looks.sort()).toEqual(["file 1203", "run 1", "run 2", "run 3"]);
  });
});
