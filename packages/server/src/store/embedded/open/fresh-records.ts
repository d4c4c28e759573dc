import { STORABLE_RECORD_BYTES } from "@glowworm/protocol";

/** The records (129 bytes each) for whose place `isKnown` says no: the same bytes when none is known, otherwise a copy. */
export function withoutKnown(records: Uint8Array, isKnown: (place: number) => boolean): Uint8Array {
  const known: number[] = [];
  for (let place = 0; place < records.length; place += STORABLE_RECORD_BYTES) {
    if (isKnown(place)) known.push(place);
  }
  if (known.length === 0) return records;
  const fresh = new Uint8Array(records.length - known.length * STORABLE_RECORD_BYTES);
  let from = 0;
  let to = 0;
  for (const place of [...known, records.length]) {
    fresh.set(records.subarray(from, place), to);
    to += place - from;
    from = place + STORABLE_RECORD_BYTES;
  }
  return fresh;
}
