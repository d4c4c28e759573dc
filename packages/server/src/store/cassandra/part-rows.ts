import { concat, STORED_RECORD_BYTES } from "@glowworm/protocol";
import { StoreUnavailableError } from "../report-store.ts";
import { bytesOf, type Row, type Session, type Value } from "./session.ts";

/** Records of a part of a segment, 66 kB; manifests and filters are cut into parts of the same size. */
export const PART_RECORDS = 500;
const PART_BYTES = PART_RECORDS * STORED_RECORD_BYTES;
/** Bytes of one write. */
const WRITE_BYTES_MAX = 524_288;

/** Bytes, cut into parts. */
export function cut(bytes: Uint8Array): readonly Uint8Array[] {
  const count = Math.ceil(bytes.length / PART_BYTES);
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * PART_BYTES, (index + 1) * PART_BYTES),
  );
}

/** Writes rows of one partition, half a megabyte at a time, to be kept for `ttlSeconds`. */
export async function writePartRows(
  session: Session,
  statement: string,
  rows: readonly (readonly Value[])[],
  ttlSeconds: number,
): Promise<void> {
  const kept = `${statement} USING TTL ${ttlSeconds}`;
  let held: (readonly Value[])[] = [];
  let heldBytes = 0;
  for (const row of rows) {
    const bytes = bytesIn(row);
    if (held.length > 0 && heldBytes + bytes > WRITE_BYTES_MAX) {
      await session.writeRows(kept, held);
      held = [];
      heldBytes = 0;
    }
    held.push(row);
    heldBytes += bytes;
  }
  if (held.length > 0) await session.writeRows(kept, held);
}

/**
 * The `bytes` of rows.
 * @throws {StoreUnavailableError} in the end, when there were not `expected` in all.
 */
export async function* counted(
  rows: AsyncIterable<Row>,
  expected: number,
): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const row of rows) {
    const bytes = bytesOf(row, "bytes");
    seen += bytes.length;
    yield bytes;
  }
  if (seen !== expected) {
    throw new StoreUnavailableError(`expected ${expected} bytes of what is closed, got ${seen}`);
  }
}

/** All parts in one. */
export async function whole(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const found: Uint8Array[] = [];
  for await (const part of parts) found.push(part);
  return concat(...found);
}

function bytesIn(row: readonly Value[]): number {
  return row.reduce<number>(
    (sum, value) => sum + (value instanceof Uint8Array ? value.length : 0),
    0,
  );
}
