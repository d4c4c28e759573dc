import { compareBytes } from "@glowworm/protocol";

/** Records of 129 bytes in ascending order. */
export interface RecordSource {
  /** Null after the last. */
  next(): Uint8Array | null;
  /** Arrival step of the record that came last. */
  readonly step: number;
}

interface Head {
  readonly source: RecordSource;
  record: Uint8Array;
  /** The first four bytes: they nearly always decide. */
  key: number;
}

/** Gives the records of all sources in ascending order: holds one of each, and takes log(sources) comparisons a record. */
export function mergeSources(
  sources: readonly RecordSource[],
  take: (record: Uint8Array, step: number) => void,
): void {
  const heap: Head[] = [];
  for (const source of sources) {
    const record = source.next();
    if (record !== null) heap.push({ source, record, key: keyOf(record) });
  }
  for (let at = heap.length >>> 1; at >= 0; at--) sink(heap, at);
  for (let top = heap[0]; top !== undefined; top = heap[0]) {
    take(top.record, top.source.step);
    const next = top.source.next();
    if (next === null) {
      const last = heap.pop();
      if (last !== undefined && heap.length > 0) heap[0] = last;
    } else {
      top.record = next;
      top.key = keyOf(next);
    }
    sink(heap, 0);
  }
}

function sink(heap: Head[], from: number): void {
  let at = from;
  const moved = heap[at];
  if (moved === undefined) return;
  for (;;) {
    const left = heap[2 * at + 1];
    if (left === undefined) break;
    const right = heap[2 * at + 2];
    const isRight = right !== undefined && isBelow(right, left);
    const smaller = isRight ? right : left;
    if (!isBelow(smaller, moved)) break;
    heap[at] = smaller;
    at = 2 * at + (isRight ? 2 : 1);
  }
  heap[at] = moved;
}

function isBelow(a: Head, b: Head): boolean {
  return a.key === b.key ? compareBytes(a.record, b.record) < 0 : a.key < b.key;
}

function keyOf(record: Uint8Array): number {
  const low = ((record[1] ?? 0) << 16) | ((record[2] ?? 0) << 8) | (record[3] ?? 0);
  return (record[0] ?? 0) * 2 ** 24 + low;
}
