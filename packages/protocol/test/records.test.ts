import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import {
  arrivalStepEnd,
  arrivalStepOf,
  BATCH_RECORDS_MAX,
  compareStoredRecords,
  concat,
  decodeStoredRecord,
  encodeStoredRecord,
  encodeUploadBatch,
  getIdOf,
  loadCrypto,
  paddingRecord,
  storableRecords,
  UPLOAD_RECORD_BYTES,
  UsageError,
} from "../src/index.ts";
import { seededRandom } from "../src/testing/index.ts";
import { codeOf, isTotal } from "./support/refusal.ts";
import { anyBytes, bytes, envelopes, storedRecords } from "./support/samples.ts";

const crypto = await loadCrypto();
const uploads = fc.record({ putId: bytes(32), envelope: envelopes }, { noNullPrototype: true });

describe("an upload batch", () => {
  it("is its records back to back, put_id before envelope", () => {
    const batches = fc.array(uploads, { minLength: 1, maxLength: BATCH_RECORDS_MAX });
    fc.assert(
      fc.property(batches, (records) => {
        const expected = records.flatMap(({ putId, envelope }) => [putId, envelope]);
        expect(encodeUploadBatch(records)).toEqual(concat(...expected));
      }),
      effort(50, 71),
    );
  });

  it("is refused whole at every length that is not a number of records from 1 to 64", () => {
    const [record] = fc.sample(uploads, { numRuns: 1, seed: 72 });
    const longest = encodeUploadBatch(Array.from({ length: 64 }, () => record ?? fail()));
    for (let length = 0; length <= 3 * UPLOAD_RECORD_BYTES; length++) {
      const isWhole = length > 0 && length % UPLOAD_RECORD_BYTES === 0;
      const code = codeOf(() => storableRecords(crypto, longest.subarray(0, length)));
      expect(code, `${length}`).toBe(isWhole ? undefined : "truncated");
    }
    const tooLong = new Uint8Array(longest.length + 1);
    tooLong.set(longest);
    expect(codeOf(() => storableRecords(crypto, tooLong))).toBe("trailing-bytes");
  });

  it.each([0, 65])("cannot be made of %s records", (count) => {
    const records = fc.sample(uploads, { numRuns: 65, seed: 73 }).slice(0, count);
    expect(() => encodeUploadBatch(records)).toThrow(UsageError);
  });

  it("is stored as the get_ids and envelopes of its records, in their order", () => {
    const batches = fc.array(uploads, { minLength: 1, maxLength: BATCH_RECORDS_MAX });
    fc.assert(
      fc.property(batches, (records) => {
        const expected = records.map(({ putId, envelope }) => [getIdOf(crypto, putId), envelope]);
        const stored = storableRecords(crypto, encodeUploadBatch(records));
        expect(stored).toEqual(concat(...expected.flat()));
      }),
      effort(50, 75),
    );
  });

  it("is refused for its first fault", () => {
    const [record] = fc.sample(uploads, { numRuns: 1, seed: 76 });
    const sound = encodeUploadBatch(Array.from({ length: 3 }, () => record ?? fail()));
    for (const [versionAt, length, code, field, offset] of [
      [32, 435, "unsupported-version", "upload.envelope.version", 32],
      [322, 435, "unsupported-version", "upload.envelope.version", 322],
      [322, 434, "truncated", "upload.envelope", 322],
      [177, 434, "unsupported-version", "upload.envelope.version", 177],
      [434, 321, "truncated", "upload.put_id", 290],
      [434, 322, "truncated", "upload.envelope", 322],
    ] as const) {
      const batch = sound.slice(0, length);
      batch[versionAt] = 2;
      expect(() => storableRecords(crypto, batch), `${versionAt} ${length}`).toThrow(
        expect.objectContaining({ code, field, offset }),
      );
    }
  });

  it("is decoded from arbitrary bytes or refused with a DecodeError", () => {
    const data = fc.oneof(anyBytes(600), bytes(145), bytes(290));
    fc.assert(
      fc.property(data, (body) => isTotal(() => storableRecords(crypto, body))),
      effort(1000, 74),
    );
  });
});

describe("a stored record", () => {
  it("is what was encoded", () => {
    fc.assert(
      fc.property(storedRecords, (record) => {
        expect(decodeStoredRecord(encodeStoredRecord(record))).toEqual(record);
      }),
      effort(200, 75),
    );
  });

  it("is decoded from arbitrary bytes or refused with a DecodeError", () => {
    fc.assert(
      fc.property(fc.oneof(anyBytes(150), bytes(133)), (data) =>
        isTotal(() => decodeStoredRecord(data)),
      ),
      effort(1000, 76),
    );
  });

  it("is ordered by id, then by envelope, never by arrival", () => {
    const record = {
      getId: new Uint8Array(16),
      envelope: new Uint8Array(113).fill(1),
      arrivalStep: 5,
    };
    const laterId = { ...record, getId: new Uint8Array(16).fill(1), envelope: new Uint8Array(113) };
    const laterEnvelope = { ...record, envelope: new Uint8Array(113).fill(2) };
    expect(compareStoredRecords(record, laterId)).toBeLessThan(0);
    expect(compareStoredRecords(laterEnvelope, record)).toBeGreaterThan(0);
    expect(compareStoredRecords(record, { ...record, arrivalStep: 9 })).toBe(0);
  });
});

describe("a padding record", () => {
  it("is a stored record with a curve point where a report has one", () => {
    const random = seededRandom("padding");
    for (let round = 0; round < 50; round++) {
      const padding = paddingRecord(crypto, random, 7);
      expect(decodeStoredRecord(encodeStoredRecord(padding))).toEqual(padding);
      const enc = padding.envelope.subarray(1, 33);
      // A clamped multiple of the base point survives multiplication by another scalar: no low order, top bit clear.
      expect(crypto.x25519(random.bytes(32), enc)).toHaveLength(32);
      expect((enc[31] ?? 255) >> 7).toBe(0);
    }
  });
});

describe("an arrival step", () => {
  it("holds its time and ends after it", () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (at) => {
        const end = arrivalStepEnd(arrivalStepOf(at));
        expect(end).toBeGreaterThan(at);
        expect(end - at).toBeLessThanOrEqual(600);
      }),
      effort(200, 77),
    );
  });
});

function fail(): never {
  throw new Error("no sample");
}
