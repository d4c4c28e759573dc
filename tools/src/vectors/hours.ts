import { type CryptoSuite, fromHex, PAGE_RECORDS, pageEntryOf, toHex } from "@glowworm/protocol";
import { bytesCases, cut, flipped, named, withByte, withField, zeros } from "./cases.ts";
import { type CaseDraft, type Expectation, Input, type JsonObject } from "./model.ts";
import { sampleEnvelope } from "./reports.ts";
import { numberedPage } from "./shapes.ts";

const STEP = "002cf4a1";

/** Sections 7.1 to 7.3. */
export function publishingCases(crypto: CryptoSuite): readonly CaseDraft[] {
  const at = (seconds: number): CaseDraft => ({
    id: `published-at-${seconds}`,
    spec: "7.3",
    comment: "hour and segment of an arrival",
    operation: "publishedAt",
    expect: "ok",
    input: { at: seconds },
  });
  const padding = (count: number): CaseDraft => ({
    id: `padding-${count}`,
    spec: "7.2",
    comment: "records to add to a segment and to an hour of this many",
    operation: "padding",
    expect: "ok",
    input: { count },
  });
  return [
    ...[0, 29, 30, 3599, 3600, 1_767_225_725].map(at),
    ...[0, 1, 2, 3, 255, 256, 257, 512].map(padding),
    {
      id: "padding-record",
      spec: "7.2",
      comment: "a padding record from 128 random bytes",
      operation: "paddingRecord",
      expect: "ok",
      input: { random: named("padding", 128), arrivalStep: 2_945_185 },
    },
    ...orderCases(crypto),
  ];
}

function orderCases(crypto: CryptoSuite): readonly CaseDraft[] {
  const envelope = sampleEnvelope(crypto);
  const a = `${zeros(15)}01${envelope}${STEP}`;
  const b = `${zeros(15)}02${envelope}${STEP}`;
  const a2 = `${flipped(a.slice(0, 2 * 129), 128)}${STEP}`;
  const [low, high] = a < a2 ? [a, a2] : [a2, a];
  const decode = (
    id: string,
    comment: string,
    bytes: string,
    expect: Expectation,
    repeat = 1,
  ): CaseDraft => ({
    id: `records-${id}`,
    spec: "7.1",
    comment,
    operation: "decodeRecords",
    expect,
    input: { bytes, repeat },
  });
  return [
    {
      id: "records-encode",
      spec: "7.1",
      comment: "records are put in order",
      operation: "encodeRecords",
      expect: "ok",
      input: { records: [b, high, low].map(recordFields) },
    },
    decode("ordered", "three records in order, two of one id", low + high + b, "ok"),
    decode("none", "no record", "", "ok"),
    decode("id-order", "ids out of order", b + low, "bad-value"),
    decode("envelope-order", "envelopes of one id out of order", high + low, "bad-value"),
    decode("repeated", "one record twice", a, "bad-value", 2),
    decode(
      "repeated-later",
      "one envelope twice, in two arrival steps",
      a + withByte(a, 132, 0xff),
      "bad-value",
    ),
    decode("cut", "one byte short", cut(a + b, 265), "truncated"),
    decode("version", "an envelope of version 2", a + withByte(b, 16, 2), "unsupported-version"),
  ];
}

/** Sections 7.4 and 7.5. */
export function manifestCases(crypto: CryptoSuite): readonly CaseDraft[] {
  const record = `${zeros(16)}${sampleEnvelope(crypto)}${STEP}`;
  const page: JsonObject = { record, count: PAGE_RECORDS };
  const entry = pageEntryOf(crypto, numberedPage(new Input(page)));
  const fields = {
    firstId: toHex(entry.firstId),
    lastId: toHex(entry.lastId),
    hash: toHex(entry.hash),
  };
  const decode = (
    id: string,
    comment: string,
    over: JsonObject,
    expect: Expectation,
  ): CaseDraft => ({
    id: `page-${id}`,
    spec: "7.4",
    comment,
    operation: "decodePage",
    expect,
    input: { ...page, entry: fields, ...over },
  });
  const otherHash = { entry: { ...fields, hash: flipped(fields.hash, 0) } };
  const otherFirst = { entry: { ...fields, firstId: flipped(fields.firstId, 15) } };
  const otherLast = { entry: { ...fields, lastId: flipped(fields.lastId, 15) } };
  return [
    {
      id: "page-entry",
      spec: "7.5",
      comment: "bounds and hash of a page",
      operation: "pageEntry",
      expect: "ok",
      input: page,
    },
    decode("plain", "a page and its entry", {}, "ok"),
    decode("short", "255 records", { count: 255 }, "truncated"),
    decode("long", "257 records", { count: 257 }, "trailing-bytes"),
    decode("hash", "another hash", otherHash, "bad-value"),
    decode("first-id", "another lower bound", otherFirst, "bad-value"),
    decode("last-id", "another upper bound", otherLast, "bad-value"),
    ...manifestBytes(),
  ];
}

function manifestBytes(): readonly CaseDraft[] {
  const pages = [0, 1].map((index) => ({
    firstId: `0${2 * index}${zeros(15)}`,
    lastId: `0${2 * index + 1}${zeros(15)}`,
    hash: named(`page ${index}`, 32),
  }));
  const previous = named("previous manifest", 32);
  const entries = pages.map((page) => page.firstId + page.lastId + page.hash).join("");
  const hex = `01000777d40000020000000002${previous}${zeros(32)}${entries}`;
  const decode = bytesCases("manifest", "7.5", "decodeManifest");
  const filter = named("filter", 32);
  const same = { firstId: zeros(16), lastId: zeros(16), hash: named("page 0", 32) };
  const entry = zeros(32) + same.hash;
  const many = `01000777d40000410000000041${previous}${filter}${entry.repeat(65)}`;
  const encode = (id: string, comment: string, count: number): CaseDraft => ({
    id: `manifest-encode-${id}`,
    spec: "7.5",
    comment,
    operation: "encodeManifest",
    expect: "ok",
    input: {
      hour: 489_428,
      recordCount: count * PAGE_RECORDS,
      previous: count === 1 ? zeros(32) : previous,
      filter: zeros(32),
      pages: pages.slice(0, count),
    },
  });
  return [
    encode("one", "the first hour of a server, one page", 1),
    encode("two", "two pages", 2),
    {
      ...encode("filter", "65 pages, with the hash of their filter", 65),
      input: {
        hour: 489_428,
        recordCount: 65 * PAGE_RECORDS,
        previous,
        filter,
        pages: Array.from({ length: 65 }, () => same),
      },
    },
    decode("two", "two pages", hex, "ok"),
    decode(
      "touching",
      "one id ends a page and begins the next",
      withField(hex, 77 + 64, pages[0]?.lastId ?? ""),
      "ok",
    ),
    decode("filter", "65 pages, with the hash of their filter", many, "ok"),
    decode("no-filter", "65 pages, no filter", withField(many, 45, zeros(32)), "ok"),
    decode("filter-needless", "a filter for two pages", withField(hex, 45, filter), "bad-value"),
    decode("empty", "no bytes", "", "truncated"),
    decode("cut", "one byte short", cut(hex, 204), "truncated"),
    decode("trailing", "one byte more", `${hex}00`, "trailing-bytes"),
    decode("version", "version 2", withByte(hex, 0, 2), "unsupported-version"),
    decode("no-pages", "no page", cut(withField(hex, 5, zeros(8)), 77), "bad-value"),
    decode(
      "record-count",
      "a record count that is not 256 a page",
      withByte(hex, 8, 1),
      "bad-value",
    ),
    decode(
      "page-count",
      "more pages than follow",
      withField(hex, 5, "0000030000000003"),
      "truncated",
    ),
    decode("page-bounds", "a page ends before it begins", withByte(hex, 77, 2), "bad-value"),
    decode("page-order", "pages out of order", withByte(hex, 77 + 64, 0), "bad-value"),
  ];
}

function recordFields(hex: string): JsonObject {
  return {
    getId: hex.slice(0, 32),
    envelope: hex.slice(32, 2 * 129),
    arrivalStep: new DataView(fromHex(hex.slice(2 * 129)).buffer).getUint32(0),
  };
}
