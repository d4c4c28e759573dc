import {
  buildFilter,
  DecodeError,
  decodeFilter,
  decodeHoursList,
  decodeManifest,
  decodePage,
  decodeRecords,
  encodeManifest,
  encodeRecords,
  type HoursList,
  loadCrypto,
  pageEntryOf,
  type StoredRecord,
  storableRecords,
} from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { someReport } from "../../packages/server/test/support/fixtures.ts";
import { effort } from "../support/effort.ts";
import { fuzz } from "../support/fuzzing.ts";

const crypto = await loadCrypto();
const random = seededRandom("fuzzed answers");
const LONGEST = 200_000;

const RECORDS: readonly StoredRecord[] = Array.from({ length: 256 }, (_, n) => ({
  ...someReport(random),
  arrivalStep: 3_000_000 + (n % 6),
}));
const PAGE = encodeRecords(RECORDS);
const ENTRY = pageEntryOf(crypto, PAGE);
const HASH = random.bytes(32);
const MANIFEST = encodeManifest({
  hour: 498_660,
  recordCount: 2 * 256,
  previous: HASH,
  filter: new Uint8Array(32),
  pages: [ENTRY, { ...ENTRY, firstId: ENTRY.lastId }],
});
const FILTER = buildFilter(random.bytes(16 * 300), random);
const LIST: HoursList = {
  v: 1,
  hours: Array.from({ length: 30 }, (_, n) => {
    return { hour: 498_660 + n, pages: 1 + n, manifest: Buffer.from(HASH).toString("hex") };
  }),
  open: { first: 59_842_800, last: 59_842_830 },
};
const LIST_BYTES: Uint8Array = new TextEncoder().encode(JSON.stringify(LIST));

/** Everything an owner reads from a server that may lie, and what it is read with. */
const ANSWERS: readonly (readonly [string, Uint8Array, number, (bytes: Uint8Array) => unknown])[] =
  [
    ["hours lists", LIST_BYTES, 20_000, decodeHoursList],
    ["manifests", MANIFEST, 100_000, decodeManifest],
    ["pages", PAGE, 5000, (bytes) => decodePage(crypto, ENTRY, bytes)],
    ["pages of a lying manifest", PAGE, 2000, decodeLyingPage],
    ["segments", PAGE.subarray(0, 20 * 133), 50_000, decodeRecords],
    ["filters", FILTER, 50_000, (bytes) => decodeFilter(bytes).has(HASH)],
    ["batches", random.bytes(3 * 145), 100_000, (bytes) => storableRecords(crypto, bytes)],
  ];

/** A page whose manifest was made for it: only its records are left to be refused. */
function decodeLyingPage(bytes: Uint8Array): unknown {
  const page = new Uint8Array(PAGE.length);
  page.set(bytes.subarray(0, PAGE.length));
  return decodePage(crypto, pageEntryOf(crypto, page), page);
}

describe("fuzzed answers of a server", () => {
  it.each(ANSWERS)("%s are read, or refused in words", async (name, sound, runs, decode) => {
    let refused = 0;
    await fuzz(name, effort(runs, 45), (mutator) => {
      try {
        decode(mutator.mutate(sound, LONGEST));
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        refused += 1;
      }
    });
    expect(refused).toBeGreaterThan(100);
  });
});
