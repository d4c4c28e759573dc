import { compareBytes } from "@glowworm/protocol";

/** Records of 129 bytes in ascending order, with the arrival step they share or have each. */
export interface RecordSource {
  /** Null after the last. */
  next(): { readonly record: Uint8Array; readonly step: number } | null;
}

interface Head {
  readonly source: RecordSource;
  record: Uint8Array;
  step: number;
}

/** Gives the records of all sources in ascending order: holds one of each, and takes log(sources) comparisons a record. */
export function mergeSources(
  sources: readonly RecordSource[],
  take: (record: Uint8Array, step: number) => void,
): void {
  const heap: Head[] = [];
  for (const source of sources) {
    const head = source.next();
    if (head !== null) heap.push({ source, record: head.record, step: head.step });
  }
  for (let at = heap.length >>> 1; at >= 0; at--) sink(heap, at);
  for (let top = heap[0]; top !== undefined; top = heap[0]) {
    take(top.record, top.step);
    const next = top.source.next();
    if (next === null) {
      const last = heap.pop();
      if (last !== undefined && heap.length > 0) heap[0] = last;
    } else {
      top.record = next.record;
      top.step = next.step;
    }
    sink(heap, 0);
  }
}

function sink(heap: Head[], from: number): void {
  let at = from;
  const moved = heap[at];
  if (moved === undefined) return;
  for (;;) {
    const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
    if (left === undefined) break;
    const isRight = right !== undefined && compareBytes(right.record, left.record) < 0;
    const smaller = isRight ? right : left;
    if (compareBytes(smaller.record, moved.record) >= 0) break;
    heap[at] = smaller;
    at = 2 * at + (isRight ? 2 : 1);
  }
  heap[at] = moved;
}
