import {
  buildFilter,
  decodeFilter,
  type Filter,
  GET_ID_BYTES,
  PAGE_RECORDS,
  type RandomSource,
  STORABLE_RECORD_BYTES,
  STORED_RECORD_BYTES,
} from "@glowworm/protocol";
import { readSpan, withFile } from "../segments/file-spans.ts";
import { isAmong } from "../segments/sorted-records.ts";
import { type Footer, SPANS } from "./hour-file.ts";

/**
 * Whether the newest closed hour holds a record: its filter, 4.5 bytes a record in memory, says no nearly always; a binary
 * search in the file decides the rest.
 */
export class ClosedReports {
  readonly #path: string;
  readonly #footer: Footer;
  readonly #filter: Filter;

  /** Reads the filter of the hour, or all its ids when it has none. @throws {DamagedHourError} */
  constructor(path: string, footer: Footer, random: RandomSource) {
    this.#path = path;
    this.#footer = footer;
    this.#filter = decodeFilter(
      footer.filterBytes > 0
        ? withFile(path, (fd) => readSpan(fd, SPANS.filter(footer.pages, footer.filterBytes)))
        : buildFilter(idsOf(path, footer.pages), random),
    );
  }

  /** Whether the record of 129 bytes at `at` is there. @throws {DamagedHourError} */
  has(records: Uint8Array, at: number): boolean {
    return (
      this.#filter.has(records, at) &&
      this.#search(records.subarray(at, at + STORABLE_RECORD_BYTES))
    );
  }

  #search(record: Uint8Array): boolean {
    const { pages } = this.#footer;
    const { offset } = SPANS.page(pages, 0);
    return withFile(this.#path, (fd) =>
      isAmong(record, pages * PAGE_RECORDS, (number) => {
        const at = offset + number * STORED_RECORD_BYTES;
        return readSpan(fd, { offset: at, length: STORABLE_RECORD_BYTES });
      }),
    );
  }
}

function idsOf(path: string, pages: number): Uint8Array {
  const ids = new Uint8Array(pages * PAGE_RECORDS * GET_ID_BYTES);
  withFile(path, (fd) => {
    for (let page = 0; page < pages; page++) {
      const content = readSpan(fd, SPANS.page(pages, page));
      for (let row = 0; row < PAGE_RECORDS; row++) {
        const at = row * STORED_RECORD_BYTES;
        const id = content.subarray(at, at + GET_ID_BYTES);
        ids.set(id, (page * PAGE_RECORDS + row) * GET_ID_BYTES);
      }
    }
  });
  return ids;
}
