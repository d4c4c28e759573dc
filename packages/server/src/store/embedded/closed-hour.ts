import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { syncFolder } from "@glowworm/platform";
import {
  ByteReader,
  type CryptoSuite,
  compareBytes,
  concat,
  DecodeError,
  decodeManifest,
  ENVELOPE_BYTES,
  encodeManifest,
  encodeRecords,
  equalBytes,
  GET_ID_BYTES,
  HASH_BYTES,
  type Manifest,
  manifestBytes,
  manifestHash,
  PAGE_BYTES,
  PAGE_RECORDS,
  type PageEntry,
  pageEntryOf,
  pageHash,
  STORED_RECORD_BYTES,
  toHex,
} from "@glowworm/protocol";
import type { NewReport } from "../report-store.ts";
import { UNFINISHED } from "./layout.ts";
import { DamagedHourError, type OpenHour } from "./open-hour.ts";
import { RecordFilter } from "./record-filter.ts";

/** Offset of a manifest's page count. */
const PAGE_COUNT_AT = 9;
const NO_HASH = new Uint8Array(HASH_BYTES);

/** A closed hour as it is listed. Its file holds the manifest, its pages back to back, and the manifest's hash. */
export interface ClosedHour {
  readonly hour: number;
  readonly pages: number;
  /** Lowercase hex of the manifest's hash. */
  readonly manifest: string;
}

/** Offset of a page in the file of an hour of `pages` pages. */
export function pageOffset(pages: number, page: number): number {
  return manifestBytes(pages) + page * PAGE_BYTES;
}

/**
 * Writes the file of a closed hour: whole and on disk under its name, or not there at all. Lets others work after
 * each page, because a large hour has thousands.
 */
export async function writeClosedHour(
  crypto: CryptoSuite,
  path: string,
  source: OpenHour,
  recordCount: number,
  previous: Uint8Array,
  pause: () => Promise<void>,
): Promise<ClosedHour> {
  const pages = recordCount / PAGE_RECORDS;
  const fd = openSync(path + UNFINISHED, "w", 0o600);
  try {
    const entries = await writePages(crypto, fd, source, pages, pause);
    const manifest = encodeManifest({
      hour: source.hour,
      recordCount,
      previous,
      filter: NO_HASH,
      pages: entries,
    });
    const hash = manifestHash(crypto, manifest);
    writeAll(fd, manifest, 0);
    writeAll(fd, hash, pageOffset(pages, pages));
    fsyncSync(fd);
    renameSync(path + UNFINISHED, path);
    syncFolder(dirname(path));
    return { hour: source.hour, pages, manifest: toHex(hash) };
  } catch (error) {
    rmSync(path + UNFINISHED, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** Reads a closed hour whole and checks every byte of it. @throws {DamagedHourError} */
export function checkClosedHour(crypto: CryptoSuite, path: string, hour: number): ClosedHour {
  const fd = openSync(path, "r");
  try {
    const manifest = readManifest(fd);
    const bytes = encodeManifest(manifest);
    const pages = manifest.pages.length;
    const hash = manifestHash(crypto, bytes);
    const isWhole =
      manifest.hour === hour && equalBytes(readAt(fd, pageOffset(pages, pages), HASH_BYTES), hash);
    if (!isWhole) throw new DamagedHourError("manifest differs from its hash");
    manifest.pages.forEach((entry, page) => {
      const content = readAt(fd, pageOffset(pages, page), PAGE_BYTES);
      if (!equalBytes(pageHash(crypto, content), entry.hash)) {
        throw new DamagedHourError(`page ${page} differs from its hash`);
      }
    });
    return { hour, pages, manifest: toHex(hash) };
  } finally {
    closeSync(fd);
  }
}

/** Whether the newest closed hour holds a report: the filter answers nearly always, the file the rest. */
export class ClosedReports {
  readonly #path: string;
  readonly #pages: number;
  readonly #filter: RecordFilter;

  constructor(path: string, pages: number) {
    this.#path = path;
    this.#pages = pages;
    this.#filter = new RecordFilter(pages * PAGE_RECORDS);
    const fd = openSync(path, "r");
    try {
      for (let page = 0; page < pages; page++) {
        const content = readAt(fd, pageOffset(pages, page), PAGE_BYTES);
        for (let at = 0; at < PAGE_BYTES; at += STORED_RECORD_BYTES) {
          this.#filter.add(keyOfRecord(content.subarray(at)));
        }
      }
    } finally {
      closeSync(fd);
    }
  }

  has(report: NewReport): boolean {
    const key = concat(report.getId, report.envelope);
    return this.#filter.mayHave(key) && this.#search(key);
  }

  #search(key: Uint8Array): boolean {
    const fd = openSync(this.#path, "r");
    try {
      let low = 0;
      let high = this.#pages * PAGE_RECORDS;
      while (low < high) {
        const middle = (low + high) >>> 1;
        const at = pageOffset(this.#pages, 0) + middle * STORED_RECORD_BYTES;
        const order = compareBytes(keyOfRecord(readAt(fd, at, STORED_RECORD_BYTES)), key);
        if (order === 0) return true;
        if (order < 0) low = middle + 1;
        else high = middle;
      }
      return false;
    } finally {
      closeSync(fd);
    }
  }
}

function keyOfRecord(record: Uint8Array): Uint8Array {
  return record.subarray(0, GET_ID_BYTES + ENVELOPE_BYTES);
}

async function writePages(
  crypto: CryptoSuite,
  fd: number,
  source: OpenHour,
  pages: number,
  pause: () => Promise<void>,
): Promise<readonly PageEntry[]> {
  const entries: PageEntry[] = [];
  let records = source.recordsAfter(undefined, PAGE_RECORDS);
  for (let page = 0; page < pages; page++) {
    const content = encodeRecords(records);
    writeAll(fd, content, pageOffset(pages, page));
    entries.push(pageEntryOf(crypto, content));
    await pause();
    records = source.recordsAfter(records.at(-1), PAGE_RECORDS);
  }
  return entries;
}

function readManifest(fd: number): Manifest {
  const pages = new ByteReader(readAt(fd, PAGE_COUNT_AT, 4)).u32("manifest.page_count");
  if (fstatSync(fd).size !== pageOffset(pages, pages) + HASH_BYTES) {
    throw new DamagedHourError("has the wrong length");
  }
  try {
    return decodeManifest(readAt(fd, 0, manifestBytes(pages)));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new DamagedHourError("manifest is malformed", { cause: error });
  }
}

function readAt(fd: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  if (readSync(fd, bytes, 0, length, offset) !== length) throw new DamagedHourError("cut short");
  return bytes;
}

function writeAll(fd: number, bytes: Uint8Array, offset: number): void {
  let done = 0;
  while (done < bytes.length) {
    done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
  }
}
