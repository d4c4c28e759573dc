import {
  concat,
  equalBytes,
  manifestBytes,
  PAGE_BYTES,
  STORED_RECORD_BYTES,
} from "@glowworm/protocol";
import { inParts } from "../byte-parts.ts";
import { type ByteParts, StoreUnavailableError } from "../report-store.ts";
import type { Closing } from "./book.ts";
import type { Tables } from "./schema.ts";
import { bytesOf, type Row, type Session, type Value } from "./session.ts";

/** Records of a piece of a segment, 66 kB; manifests and filters are cut into pieces of the same size. */
const PIECE_RECORDS = 500;
const PIECE_BYTES = PIECE_RECORDS * STORED_RECORD_BYTES;
/** Pages of one partition, 9 MB. */
const PAGES_PER_PART = 256;
const STREAM_PAGES = 32;
const ROWS_PER_WRITE = 8;
/** Bytes of the random name of a candidate. */
export const CANDIDATE_BYTES: number = 16;
const MANIFEST_PART = -1;
const FILTER_PART = -2;
/** Pieces fetched at a time by whoever reads a whole hour: it holds so many of each of 120 segments. */
const STREAM_PIECES = 2;

/**
 * The bytes of what is closed, under the candidates that were made for it. They are written before a candidate is
 * chosen, and not read before.
 */
export class Pieces {
  readonly #session: Session;
  readonly #tables: Tables;
  readonly #ttlSeconds: number;

  /** @param ttlSeconds after which all of it is gone. */
  constructor(session: Session, tables: Tables, ttlSeconds: number) {
    this.#session = session;
    this.#tables = tables;
    this.#ttlSeconds = ttlSeconds;
  }

  /** Lists a candidate before anything is written under it: who dies with it half written leaves nothing unknown. */
  async announce(hour: number, candidate: Uint8Array, kind: "segments" | "hour"): Promise<void> {
    const statement = `INSERT INTO ${this.#tables("candidates")} (hour, candidate, is_hour) VALUES (?, ?, ?)`;
    await this.#session.write(`${statement} USING TTL ${this.#ttlSeconds}`, [
      hour,
      candidate,
      kind === "hour",
    ]);
  }

  /** Removes every candidate of a closed hour of `pages` pages but the chosen one. */
  async clear(hour: number, chosen: Uint8Array, pages: number): Promise<void> {
    const listed = `SELECT candidate, is_hour FROM ${this.#tables("candidates")} WHERE hour = ?`;
    for (const row of await this.#session.rows(listed, [hour])) {
      const candidate = bytesOf(row, "candidate");
      if (row["is_hour"] !== true) await this.removeSegments(candidate);
      else if (!equalBytes(candidate, chosen)) await this.removeHour(candidate, pages);
    }
    await this.#session.write(`DELETE FROM ${this.#tables("candidates")} WHERE hour = ?`, [hour]);
  }

  /** Writes segments whose records are in order. */
  async writeSegments(
    candidate: Uint8Array,
    segments: ReadonlyMap<number, Uint8Array>,
  ): Promise<void> {
    const rows = [...segments].flatMap(([segment, bytes]) =>
      cut(bytes).map((piece, index) => [candidate, segment, index, piece] as const),
    );
    await this.#writeRows(
      `INSERT INTO ${this.#tables("segment_pieces")} (candidate, segment, piece, bytes) VALUES (?, ?, ?, ?)`,
      rows,
    );
  }

  /**
   * The records of a segment in order, whole records at a time.
   * @throws {StoreUnavailableError} in the end, when there were not `count` of them: its hour was closed meanwhile.
   */
  async *segment(
    candidate: Uint8Array,
    segment: number,
    count: number,
  ): AsyncGenerator<Uint8Array> {
    const rows = this.#session.stream(
      `SELECT bytes FROM ${this.#tables("segment_pieces")} WHERE candidate = ? AND segment = ?`,
      [candidate, segment],
      { fetchSize: STREAM_PIECES },
    );
    yield* counted(rows, count * STORED_RECORD_BYTES);
  }

  /** A segment of a closing, whose first piece is read already. @throws {StoreUnavailableError} as `segment`. */
  async segmentParts(closing: Closing, segment: number): Promise<ByteParts> {
    const { first, candidate, counts } = closing;
    const count = counts[segment - first] ?? 0;
    const parts = (): AsyncGenerator<Uint8Array> => this.segment(candidate, segment, count);
    const length = count * STORED_RECORD_BYTES;
    if (count <= PIECE_RECORDS) return inParts(await whole(parts()));
    for await (const _ of parts()) break;
    return { length, parts };
  }

  async removeSegments(candidate: Uint8Array): Promise<void> {
    const statement = `DELETE FROM ${this.#tables("segment_pieces")} WHERE candidate = ?`;
    await this.#session.write(statement, [candidate]);
  }

  /** Writes pages that follow each other, from page `first` on. */
  async writePages(
    candidate: Uint8Array,
    first: number,
    pages: readonly Uint8Array[],
  ): Promise<void> {
    const parts = new Map<number, (readonly Value[])[]>();
    for (const [index, page] of pages.entries()) {
      const part = partOf(first + index);
      const rows = parts.get(part) ?? [];
      rows.push([candidate, part, first + index, page]);
      parts.set(part, rows);
    }
    for (const rows of parts.values()) await this.#writeHour(rows);
  }

  /** A page, or null when there is none. */
  async page(candidate: Uint8Array, page: number): Promise<Uint8Array | null> {
    const statement = `SELECT bytes FROM ${this.#tables("hour_pieces")} WHERE candidate = ? AND part = ? AND piece = ?`;
    const [row] = await this.#session.rows(statement, [candidate, partOf(page), page]);
    return row === undefined ? null : bytesOf(row, "bytes");
  }

  /** All pages of an hour, in order. */
  async *pages(candidate: Uint8Array, count: number): AsyncGenerator<Uint8Array> {
    const statement = `SELECT bytes FROM ${this.#tables("hour_pieces")} WHERE candidate = ? AND part = ?`;
    for (let part = 0; part * PAGES_PER_PART < count; part++) {
      const rows = this.#session.stream(statement, [candidate, part], { fetchSize: STREAM_PAGES });
      const pages = Math.min(PAGES_PER_PART, count - part * PAGES_PER_PART);
      yield* counted(rows, pages * PAGE_BYTES);
    }
  }

  async writeManifest(candidate: Uint8Array, bytes: Uint8Array): Promise<void> {
    await this.#writeBlob(candidate, MANIFEST_PART, bytes);
  }

  /** The manifest of an hour of so many pages. */
  async manifest(candidate: Uint8Array, pages: number): Promise<Uint8Array> {
    return await this.#blob(candidate, MANIFEST_PART, manifestBytes(pages));
  }

  async writeFilter(candidate: Uint8Array, bytes: Uint8Array): Promise<void> {
    await this.#writeBlob(candidate, FILTER_PART, bytes);
  }

  /** A filter of so many bytes. */
  async filter(candidate: Uint8Array, length: number): Promise<Uint8Array> {
    return await this.#blob(candidate, FILTER_PART, length);
  }

  async removeHour(candidate: Uint8Array, pages: number): Promise<void> {
    const parts = Array.from({ length: partOf(pages) + 1 }, (_, part) => part);
    for (const part of [MANIFEST_PART, FILTER_PART, ...parts]) {
      const statement = `DELETE FROM ${this.#tables("hour_pieces")} WHERE candidate = ? AND part = ?`;
      await this.#session.write(statement, [candidate, part]);
    }
  }

  async #writeBlob(candidate: Uint8Array, part: number, bytes: Uint8Array): Promise<void> {
    await this.#writeHour(cut(bytes).map((piece, index) => [candidate, part, index, piece]));
  }

  async #writeHour(rows: readonly (readonly Value[])[]): Promise<void> {
    await this.#writeRows(
      `INSERT INTO ${this.#tables("hour_pieces")} (candidate, part, piece, bytes) VALUES (?, ?, ?, ?)`,
      rows,
    );
  }

  /** Rows of one partition, a few at a time: half a megabyte at most. */
  async #writeRows(statement: string, rows: readonly (readonly Value[])[]): Promise<void> {
    const kept = `${statement} USING TTL ${this.#ttlSeconds}`;
    for (let at = 0; at < rows.length; at += ROWS_PER_WRITE) {
      await this.#session.writeRows(kept, rows.slice(at, at + ROWS_PER_WRITE));
    }
  }

  async #blob(candidate: Uint8Array, part: number, length: number): Promise<Uint8Array> {
    const statement = `SELECT bytes FROM ${this.#tables("hour_pieces")} WHERE candidate = ? AND part = ?`;
    return await whole(counted(this.#session.stream(statement, [candidate, part]), length));
  }
}

async function whole(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const found: Uint8Array[] = [];
  for await (const part of parts) found.push(part);
  return concat(...found);
}

/** The `bytes` of rows, which must be so many in all. */
async function* counted(rows: AsyncIterable<Row>, expected: number): AsyncGenerator<Uint8Array> {
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

function partOf(page: number): number {
  return Math.floor(page / PAGES_PER_PART);
}

function cut(bytes: Uint8Array): readonly Uint8Array[] {
  const count = Math.ceil(bytes.length / PIECE_BYTES);
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * PIECE_BYTES, (index + 1) * PIECE_BYTES),
  );
}
