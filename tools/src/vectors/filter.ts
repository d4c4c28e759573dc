import {
  buildFilter,
  type CryptoSuite,
  filterHash,
  fromHex,
  GET_ID_BYTES,
  toHex,
} from "@glowworm/protocol";
import { bytesCases, cut, flipped, named, withByte, withField, zeros } from "./cases.ts";
import type { CaseDraft, Expectation } from "./model.ts";
import { bytesInTurn } from "./shapes.ts";

const IDS = 40;
const HEADER_BYTES = 14;

/** Section 7.6. */
export function filterCases(crypto: CryptoSuite): readonly CaseDraft[] {
  const ids = named("filter ids", IDS * GET_ID_BYTES);
  const plain = filterOf(ids);
  const refuse = (id: string, comment: string, bytes: string, expect: Expectation): CaseDraft =>
    reading(id, comment, bytes, "", expect);
  const three = `010000000001${named("filter seed", 8)}`;
  return [
    reading(
      "plain",
      "40 ids and one that is not there",
      plain,
      ids + named("a stranger", 16),
      "ok",
    ),
    reading(
      "repeated",
      "an id that two records have",
      filterOf(cut(ids, 16) + ids),
      cut(ids, 48),
      "ok",
    ),
    reading("one", "one id", filterOf(cut(ids, 16)), cut(ids, 32), "ok"),
    reading("none", "no id: every cell is zero", filterOf(""), ids, "ok"),
    reading("cell", "a changed cell loses ids", flipped(plain, HEADER_BYTES + 4 * 70), ids, "ok"),
    reading("three", "segments of one cell", `${three}${zeros(12)}`, cut(ids, 32), "ok"),
    refuse("empty", "no bytes", "", "truncated"),
    refuse("cut", "one byte short", cut(plain, plain.length / 2 - 1), "truncated"),
    refuse("trailing", "one byte more", `${plain}00`, "trailing-bytes"),
    refuse("version", "version 2", withByte(plain, 0, 2), "unsupported-version"),
    refuse("segment-bits", "segments of 2^17 cells", withByte(plain, 1, 17), "bad-value"),
    refuse("no-segments", "no segment", withField(plain, 2, zeros(4)), "bad-value"),
    refuse("many-segments", "more cells than follow", withField(plain, 2, "ffffffff"), "truncated"),
    ...fittingCases(crypto),
  ];
}

/** A filter beside the manifest that names it. */
function fittingCases(crypto: CryptoSuite): readonly CaseDraft[] {
  const ids = named("filter ids", IDS * GET_ID_BYTES);
  const id = (index: number): string => ids.slice(2 * GET_ID_BYTES * index).slice(0, 32);
  const plain = filterOf(ids);
  const large = `010800000001${named("filter seed", 8)}${zeros(4 * 3 * 256)}`;
  const page = { firstId: id(0), lastId: id(1), hash: named("page", 32) };
  const check = (
    name: string,
    comment: string,
    bytes: string,
    over: Partial<typeof page>,
    expect: Expectation,
    filter = toHex(filterHash(crypto, fromHex(bytes))),
  ): CaseDraft => ({
    id: `filter-of-hour-${name}`,
    spec: "7.6",
    comment,
    operation: "checkFilter",
    expect,
    input: { bytes, filter, pages: [page, { ...page, ...over }] },
  });
  const stranger = named("a stranger", 16);
  return [
    check("fits", "the ids of the manifest and others", plain, {}, "ok"),
    check("hash", "another filter than the manifest's", plain, {}, "bad-value", zeros(32)),
    check("first", "lacks the first id of a page", plain, { firstId: stranger }, "bad-value"),
    check("last", "lacks the last id of a page", plain, { lastId: stranger }, "bad-value"),
    check("large", "more than 6 bytes a record", large, {}, "bad-value"),
  ];
}

function reading(
  id: string,
  comment: string,
  bytes: string,
  ids: string,
  expect: Expectation,
): CaseDraft {
  const count = ids.length / (2 * GET_ID_BYTES);
  const probes = Array.from({ length: count }, (_item, index) => ({
    getId: ids.slice(2 * GET_ID_BYTES * index, 2 * GET_ID_BYTES * (index + 1)),
  }));
  const draft = bytesCases("filter", "7.6", "decodeFilter")(id, comment, bytes, expect);
  return { ...draft, input: { ...draft.input, probes } };
}

function filterOf(ids: string): string {
  const seeds = fromHex(named("filter seed", 80));
  return toHex(buildFilter(fromHex(ids), { bytes: bytesInTurn(seeds) }));
}
