import {
  type CryptoSuite,
  encodeManifest,
  FILTER_FREE_PAGES,
  filterHash,
  GET_ID_BYTES,
  HASH_BYTES,
  manifestHash,
  PAGE_BYTES,
  PAGE_RECORDS,
  type PageEntry,
  pageEntryOf,
  STORED_RECORD_BYTES,
} from "@glowworm/protocol";

/** Takes the pages of an hour, in order. The bytes are the sink's to keep. */
export type PageSink = (page: Uint8Array, index: number) => void;

/** What is published of a closed hour beside its pages. */
export interface AssembledHour {
  readonly pages: number;
  readonly manifest: Uint8Array;
  readonly manifestHash: Uint8Array;
  /** Null for an hour of up to 64 pages. */
  readonly filter: Uint8Array | null;
}

/**
 * Makes the pages, the manifest and the filter of a closed hour from its records in order. Keeps one page, and of every
 * record in an hour of more than 64 pages the id.
 */
export class HourAssembly {
  readonly #crypto: CryptoSuite;
  readonly #sink: PageSink;
  readonly #entries: PageEntry[] = [];
  readonly #ids: Uint8Array;
  #page: Uint8Array = new Uint8Array(PAGE_BYTES);
  #at = 0;

  /** For an hour of `pages` pages. */
  constructor(crypto: CryptoSuite, pages: number, sink: PageSink) {
    this.#crypto = crypto;
    this.#sink = sink;
    const hasFilter = pages > FILTER_FREE_PAGES;
    this.#ids = new Uint8Array(hasFilter ? pages * PAGE_RECORDS * GET_ID_BYTES : 0);
  }

  /** What the filter of the hour is built over, 16 bytes each, once all records are added; null for an hour of up to 64 pages. */
  get ids(): Uint8Array | null {
    return this.#ids.length > 0 ? this.#ids : null;
  }

  /** The next record in order: 129 bytes, and its arrival step. */
  add(record: Uint8Array, step: number): void {
    const end = this.#at + STORED_RECORD_BYTES;
    this.#page.set(record, this.#at);
    this.#page[end - 4] = step >>> 24;
    this.#page[end - 3] = step >>> 16;
    this.#page[end - 2] = step >>> 8;
    this.#page[end - 1] = step;
    this.#at = end;
    if (end === PAGE_BYTES) this.#turnPage();
  }

  /**
   * Call once, after the last record.
   * @param previous hash of the manifest of the closed hour before, or zeros.
   * @param filter over `ids`; null without ids.
   * @throws {UsageError} when the last page is not full.
   * @see docs/protocol.md section 7.5
   */
  finish(hour: number, previous: Uint8Array, filter: Uint8Array | null): AssembledHour {
    const manifest = encodeManifest({
      hour,
      recordCount: this.#entries.length * PAGE_RECORDS + this.#at / STORED_RECORD_BYTES,
      previous,
      filter: filter === null ? new Uint8Array(HASH_BYTES) : filterHash(this.#crypto, filter),
      pages: this.#entries,
    });
    const pages = this.#entries.length;
    return { pages, manifest, manifestHash: manifestHash(this.#crypto, manifest), filter };
  }

  #turnPage(): void {
    const index = this.#entries.length;
    this.#noteIds(index);
    this.#entries.push(pageEntryOf(this.#crypto, this.#page));
    this.#sink(this.#page, index);
    this.#page = new Uint8Array(PAGE_BYTES);
    this.#at = 0;
  }

  #noteIds(index: number): void {
    if (this.#ids.length === 0) return;
    for (let row = 0; row < PAGE_RECORDS; row++) {
      const at = row * STORED_RECORD_BYTES;
      const id = this.#page.subarray(at, at + GET_ID_BYTES);
      this.#ids.set(id, (index * PAGE_RECORDS + row) * GET_ID_BYTES);
    }
  }
}
