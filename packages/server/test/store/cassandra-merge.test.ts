import { compareBytes, concat } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { mergeRecords } from "../../src/store/cassandra/merge.ts";

const random = seededRandom("merge");
/** Enough to be told that an hour is large. */
const MANY = 100_000;

/** Whole records in order, a few at a time. */
async function* source(records: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  const sorted = [...records].sort(compareBytes);
  for (let at = 0; at < sorted.length; at += 3) yield concat(...sorted.slice(at, at + 3));
}

/** A record of 133 bytes; the last four are its arrival step. */
function someRecord(step: number): Uint8Array {
  return arrivedAt(random.bytes(133), step);
}

function arrivedAt(record: Uint8Array, step: number): Uint8Array {
  return concat(record.subarray(0, 129), Uint8Array.of(0, 0, 0, step));
}

async function merged(
  sources: readonly (readonly Uint8Array[])[],
  known: readonly Uint8Array[],
  records: number,
): Promise<readonly Uint8Array[]> {
  const found: Uint8Array[] = [];
  const all = mergeRecords(sources.map(source), source(known), records);
  for await (const record of all) found.push(record.slice());
  return found;
}

describe("merging the segments of an hour", () => {
  it.each([
    ["whole", 100],
    ["in slices", MANY],
  ])("puts all records in order, %s", async (_, records) => {
    const all = Array.from({ length: 500 }, () => someRecord(7));
    const sources = [all.slice(0, 100), [], all.slice(100, 101), all.slice(101)];
    expect(await merged(sources, [], records)).toEqual([...all].sort(compareBytes));
  });

  it.each([100, MANY])(
    "keeps the earliest arrival of a report that came again",
    async (records) => {
      const early = someRecord(3);
      const other = someRecord(5);
      const sources = [[arrivedAt(early, 9)], [early, other], [arrivedAt(early, 4)]];
      expect(await merged(sources, [], records)).toEqual([early, other].sort(compareBytes));
    },
  );

  it.each([100, MANY])("leaves out what the hour before has", async (records) => {
    const all = Array.from({ length: 50 }, () => someRecord(7));
    const again = all.slice(0, 20).map((record) => arrivedAt(record, 1));
    expect(await merged([all], again, records)).toEqual(all.slice(20).sort(compareBytes));
  });
});
