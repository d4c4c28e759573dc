import { STORED_RECORD_BYTES } from "@glowworm/protocol";
import type { IdTable } from "./id-table.ts";

/** A stored record whose id is one of the candidates. */
export interface Hit {
  /** Index of the candidate id. */
  readonly index: number;
  /** The record, 133 bytes. */
  readonly record: Uint8Array;
}

/** Looks up every record of a block of them. Nothing but a hit is decoded: a year of records is mostly misses. */
export function matchRecords(table: IdTable, records: Uint8Array): readonly Hit[] {
  const hits: Hit[] = [];
  for (let at = 0; at + STORED_RECORD_BYTES <= records.length; at += STORED_RECORD_BYTES) {
    const index = table.indexOf(records, at);
    if (index !== -1) hits.push({ index, record: records.slice(at, at + STORED_RECORD_BYTES) });
  }
  return hits;
}
