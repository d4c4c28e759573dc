import { ByteReader, ByteWriter, fromHex, HASH_BYTES, toHex } from "@glowworm/protocol";

/** A page that may hold one of a device's ids. */
interface PageHit {
  readonly index: number;
  readonly hash: Uint8Array;
}

/** What the filter of one hour has said of the ids of one device. */
export interface Search {
  readonly hour: number;
  /** Hash of the hour's manifest, lowercase hex: it pins filter and pages. */
  readonly manifest: string;
  /** How many ids it was asked for, from the first on. */
  readonly ids: number;
  readonly hits: readonly PageHit[];
}

const HEAD_BYTES = 4 + HASH_BYTES + 4 + 2;
const HIT_BYTES = 4 + HASH_BYTES;

/** Bytes that a search takes. */
export function bytesOf({ hits }: Search): number {
  return HEAD_BYTES + hits.length * HIT_BYTES;
}

/** Each `hour(4) || manifest hash(32) || ids(4) || hits(2)`, then for each hit `index(4) || page hash(32)`. */
export function encodeSearches(searches: readonly Search[]): Uint8Array {
  const writer = new ByteWriter(searches.reduce((sum, search) => sum + bytesOf(search), 0));
  for (const { hour, manifest, ids, hits } of searches) {
    writer
      .u32("search.hour", hour)
      .bytes("search.manifest", fromHex(manifest), HASH_BYTES)
      .u32("search.ids", ids)
      .u16("search.hits", hits.length);
    for (const { index, hash } of hits) {
      writer.u32("search.hit.index", index).bytes("search.hit.hash", hash, HASH_BYTES);
    }
  }
  return writer.finish();
}

/** @throws {DecodeError} truncated */
export function decodeSearches(bytes: Uint8Array): readonly Search[] {
  const reader = new ByteReader(bytes);
  const searches: Search[] = [];
  while (reader.offset < bytes.length) searches.push(decodeSearch(reader));
  return searches;
}

function decodeSearch(reader: ByteReader): Search {
  const hour = reader.u32("search.hour");
  const manifest = toHex(reader.bytes("search.manifest", HASH_BYTES));
  const ids = reader.u32("search.ids");
  const count = reader.u16("search.hits");
  const hits = Array.from({ length: count }, () => ({
    index: reader.u32("search.hit.index"),
    hash: reader.bytes("search.hit.hash", HASH_BYTES),
  }));
  return { hour, manifest, ids, hits };
}
