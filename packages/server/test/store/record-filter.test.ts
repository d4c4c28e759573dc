import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { RecordFilter } from "../../src/store/embedded/record-filter.ts";

const RECORD_BYTES = 129;
const RECORDS = 20_000;

describe("the filter over records", () => {
  it("has every record that was added, and claims fewer than one in 200 of the others", () => {
    const random = seededRandom("record filter");
    const filter = new RecordFilter(RECORDS);
    const added = Array.from({ length: RECORDS }, () => random.bytes(RECORD_BYTES));
    for (const record of added) filter.add(record);
    expect(added.every((record) => filter.mayHave(record))).toBe(true);
    let wrong = 0;
    for (let other = 0; other < RECORDS; other++) {
      if (filter.mayHave(random.bytes(RECORD_BYTES))) wrong += 1;
    }
    expect(wrong).toBeLessThan(RECORDS / 200);
  });
});
