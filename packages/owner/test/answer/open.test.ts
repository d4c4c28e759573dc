import {
  arrivalStepOf,
  type EpochRef,
  encodeStoredRecord,
  epochOf,
  loadCrypto,
  type StoredRecord,
} from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { openReports, type SealedReport } from "../../src/answer/open.ts";
import { type Heard, NOON, recordOf } from "../support/reports.ts";

const crypto = await loadCrypto();
const random = seededRandom("open");
const key = random.bytes(32);

function sealed(record: StoredRecord, epoch: EpochRef): SealedReport {
  return { epoch, record: encodeStoredRecord(record) };
}

function reportOf(heard: Heard): SealedReport {
  return sealed(recordOf(crypto, random, key, heard), epochOf(heard.beaconTime ?? heard.seenAt));
}

describe("opening", () => {
  it("gives the sighting, its epoch, and the minute that the token names", () => {
    const { reports, refused } = openReports(crypto, key, [
      reportOf({ seenAt: NOON + 300 * 7 + 185 }),
    ]);
    expect(reports).toMatchObject([
      { epoch: epochOf(NOON + 300 * 7), minute: 3, sighting: { seenAt: NOON + 300 * 7 + 185 } },
    ]);
    expect(refused).toEqual({ copies: 0, notOpening: 0, malformed: 0, fromTheFuture: 0 });
  });

  it("opens reports of many epochs in whatever order they come", () => {
    const times = [5, 3, 290, 4, 3, 1].map((epochs) => NOON + epochs * 300);
    const { reports } = openReports(
      crypto,
      key,
      times.map((seenAt) => reportOf({ seenAt })),
    );
    expect(reports.map(({ sighting }) => sighting.seenAt)).toEqual(times.toSorted());
  });

  it("counts a second copy of an envelope as no second report, and keeps the earliest arrival", () => {
    const record = recordOf(crypto, random, key, { seenAt: NOON });
    const copies = [5, 0, 9].map((later) => ({
      ...record,
      arrivalStep: record.arrivalStep + later,
    }));
    const { reports, refused } = openReports(
      crypto,
      key,
      copies.map((copy) => sealed(copy, epochOf(NOON))),
    );
    expect(reports).toMatchObject([{ arrivalStep: record.arrivalStep }]);
    expect(refused.copies).toBe(2);
  });

  it("refuses what was moved to another epoch, altered, or sealed to another beacon", () => {
    const moved = recordOf(crypto, random, key, { seenAt: NOON });
    const altered = recordOf(crypto, random, key, { seenAt: NOON });
    altered.envelope[100] = (altered.envelope[100] ?? 0) ^ 1;
    const foreign = recordOf(crypto, random, random.bytes(32), { seenAt: NOON });
    const { reports, refused } = openReports(crypto, key, [
      sealed(moved, epochOf(NOON + 300)),
      sealed(altered, epochOf(NOON)),
      sealed(foreign, epochOf(NOON)),
    ]);
    expect(reports).toEqual([]);
    expect(refused.notOpening).toBe(3);
  });

  it.each([
    [119, 1],
    [120, 1],
    [121, 0],
  ])("lets a report arrive %i s before it was seen: %i", (early, count) => {
    const stepEnd = NOON + 600;
    const heard = { seenAt: stepEnd + early, arrivedAt: NOON };
    const { reports, refused } = openReports(crypto, key, [reportOf(heard)]);
    expect(reports).toHaveLength(count);
    expect(refused.fromTheFuture).toBe(1 - count);
    expect(arrivalStepOf(NOON)).toBe(NOON / 600);
  });

  it("names no minute for a token of another epoch or of nowhere", () => {
    const { reports } = openReports(crypto, key, [
      reportOf({ seenAt: NOON, token: new Uint8Array(4) }),
    ]);
    expect(reports).toMatchObject([{ minute: null }]);
  });
});
