import { manifestBytes, PAGE_BYTES } from "@glowworm/protocol";
import { counted, cut, whole, writePartRows } from "./part-rows.ts";
import type { Tables } from "./schema.ts";
import { bytesOf, type Session, type Value } from "./session.ts";

/** Pages of one partition, 9 MB. */
const PARTITION_PAGES = 256;
/** Where manifest and filter are; pages have partitions from 0 on. */
const MANIFEST_PARTITION = -1;
const FILTER_PARTITION = -2;
/** Pages fetched at a time by whoever reads a whole hour. */
const STREAM_PAGES = 32;

/** Bytes of hours, under the candidates that were made for them: written before one is chosen, and not read before. */
export class HourCandidates {
  readonly #session: Session;
  readonly #table: string;
  readonly #ttlSeconds: number;

  /** @param ttlSeconds after which all of it is gone. */
  constructor(session: Session, tables: Tables, ttlSeconds: number) {
    this.#session = session;
    this.#table = tables("hour_pieces");
    this.#ttlSeconds = ttlSeconds;
  }

  /** Writes pages that follow each other, from page `first` on. */
  async writePages(
    candidate: Uint8Array,
    first: number,
    pages: readonly Uint8Array[],
  ): Promise<void> {
    const partitions = new Map<number, (readonly Value[])[]>();
    for (const [index, page] of pages.entries()) {
      const partition = partitionOf(first + index);
      const rows = partitions.get(partition) ?? [];
      rows.push([candidate, partition, first + index, page]);
      partitions.set(partition, rows);
    }
    for (const rows of partitions.values()) await this.#write(rows);
  }

  /** A page, or null when there is none. */
  async page(candidate: Uint8Array, page: number): Promise<Uint8Array | null> {
    const statement = `SELECT bytes FROM ${this.#table} WHERE candidate = ? AND part = ? AND piece = ?`;
    const [row] = await this.#session.rows(statement, [candidate, partitionOf(page), page]);
    return row === undefined ? null : bytesOf(row, "bytes");
  }

  /** All pages of an hour, in order. @throws {StoreUnavailableError} when there were not `count`. */
  async *pages(candidate: Uint8Array, count: number): AsyncGenerator<Uint8Array> {
    for (let partition = 0; partition * PARTITION_PAGES < count; partition++) {
      const pages = Math.min(PARTITION_PAGES, count - partition * PARTITION_PAGES);
      yield* this.#read(candidate, partition, pages * PAGE_BYTES, STREAM_PAGES);
    }
  }

  async writeManifest(candidate: Uint8Array, bytes: Uint8Array): Promise<void> {
    await this.#writeParts(candidate, MANIFEST_PARTITION, bytes);
  }

  /** The manifest of an hour of so many pages. @throws {StoreUnavailableError} when it is not whole. */
  async manifest(candidate: Uint8Array, pages: number): Promise<Uint8Array> {
    return await whole(this.#read(candidate, MANIFEST_PARTITION, manifestBytes(pages)));
  }

  async writeFilter(candidate: Uint8Array, bytes: Uint8Array): Promise<void> {
    await this.#writeParts(candidate, FILTER_PARTITION, bytes);
  }

  /** A filter of so many bytes. @throws {StoreUnavailableError} when it is not whole. */
  async filter(candidate: Uint8Array, length: number): Promise<Uint8Array> {
    return await whole(this.#read(candidate, FILTER_PARTITION, length));
  }

  /** Removes what was written for an hour of so many pages. */
  async remove(candidate: Uint8Array, pages: number): Promise<void> {
    const ofPages = Array.from({ length: partitionOf(pages) + 1 }, (_, partition) => partition);
    for (const partition of [MANIFEST_PARTITION, FILTER_PARTITION, ...ofPages]) {
      const statement = `DELETE FROM ${this.#table} WHERE candidate = ? AND part = ?`;
      await this.#session.write(statement, [candidate, partition]);
    }
  }

  async #writeParts(candidate: Uint8Array, partition: number, bytes: Uint8Array): Promise<void> {
    await this.#write(cut(bytes).map((part, index) => [candidate, partition, index, part]));
  }

  async #write(rows: readonly (readonly Value[])[]): Promise<void> {
    const statement = `INSERT INTO ${this.#table} (candidate, part, piece, bytes) VALUES (?, ?, ?, ?)`;
    await writePartRows(this.#session, statement, rows, this.#ttlSeconds);
  }

  #read(
    candidate: Uint8Array,
    partition: number,
    expected: number,
    fetchSize?: number,
  ): AsyncGenerator<Uint8Array> {
    const rows = this.#session.stream(
      `SELECT bytes FROM ${this.#table} WHERE candidate = ? AND part = ?`,
      [candidate, partition],
      fetchSize === undefined ? {} : { fetchSize },
    );
    return counted(rows, expected);
  }
}

function partitionOf(page: number): number {
  return Math.floor(page / PARTITION_PAGES);
}
