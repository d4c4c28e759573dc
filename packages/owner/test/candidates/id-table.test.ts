import {
  encodeStoredRecord,
  GET_ID_BYTES,
  loadCrypto,
  paddingRecord,
  STORED_RECORD_BYTES,
} from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../../test/support/effort.ts";
import { IdTable } from "../../src/candidates/id-table.ts";
import { matchRecords } from "../../src/candidates/match.ts";

const crypto = await loadCrypto();

describe("id table", () => {
  it("agrees with a map of strings, however much the ids collide", async () => {
    const id = fc.uint8Array({ minLength: 16, maxLength: 16, max: 1 });
    await fc.assert(
      fc.property(fc.uniqueArray(id, { selector: String }), id, (ids, probe) => {
        const table = new IdTable(Buffer.concat(ids));
        const slow = new Map(ids.map((bytes, index) => [String(bytes), index]));
        for (const bytes of [...ids, probe]) {
          expect(table.indexOf(bytes, 0)).toBe(slow.get(String(bytes)) ?? -1);
        }
      }),
      effort(200, 7),
    );
  });

  it("finds each id where it stands in a record, and nothing in an empty table", () => {
    const random = seededRandom("match");
    const records = Array.from({ length: 8 }, () => paddingRecord(crypto, random, 1));
    const bytes = Buffer.concat(records.map(encodeStoredRecord));
    const wanted = Buffer.concat(
      [records[5]?.getId ?? [], records[2]?.getId ?? []].map(Buffer.from),
    );
    const hits = matchRecords(new IdTable(wanted), bytes);
    expect(hits.map(({ index }) => index)).toEqual([1, 0]);
    expect(hits[0]?.record).toEqual(
      bytes.subarray(2 * STORED_RECORD_BYTES, 3 * STORED_RECORD_BYTES),
    );
    expect(matchRecords(new IdTable(new Uint8Array()), bytes)).toEqual([]);
  });

  it("ignores a cut-off record at the end", () => {
    const record = encodeStoredRecord(paddingRecord(crypto, seededRandom("cut"), 1));
    const table = new IdTable(record.subarray(0, GET_ID_BYTES));
    expect(matchRecords(table, record.subarray(0, STORED_RECORD_BYTES - 1))).toEqual([]);
  });
});
