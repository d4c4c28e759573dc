import { closeSync, fstatSync, openSync } from "node:fs";
import { isErrno } from "@glowworm/platform";
import {
  arrivalStepOf,
  type CryptoSuite,
  SEGMENT_SECONDS,
  STORABLE_RECORD_BYTES,
  STORED_RECORD_BYTES,
} from "@glowworm/protocol";
import type { RecordSource } from "../closing/merge.ts";
import { DamagedHourError } from "../damage.ts";
import { readSpan, type Span } from "./file-spans.ts";
import {
  assertPart,
  decodeEnd,
  endSpan,
  footerSpan,
  partSpan,
  partsOf,
  type SegmentEnd,
  type SegmentNote,
} from "./segment-file.ts";
import { isAmong } from "./sorted-records.ts";

/** A closed segment, checked as it is read, and its records in order. */
export class SegmentSource implements RecordSource {
  readonly step: number;
  readonly #read: (span: Span) => Uint8Array;
  readonly #end: SegmentEnd;
  #next = 0;
  #part: Uint8Array = new Uint8Array();
  #at = 0;

  /** @throws {DamagedHourError} when it is not the one that was noted. */
  constructor(
    crypto: CryptoSuite,
    note: SegmentNote,
    size: number,
    read: (span: Span) => Uint8Array,
  ) {
    this.step = arrivalStepOf(note.segment * SEGMENT_SECONDS);
    this.#read = read;
    const end = read(endSpan(size, read(footerSpan(size))));
    this.#end = decodeEnd(crypto, end, note.segment);
    const { records, checksum } = this.#end;
    if (records === note.records && checksum === note.checksum) return;
    throw new DamagedHourError(`segment ${note.segment} differs from its note`);
  }

  /** The records that follow, 133 bytes each; null after the last. @throws {DamagedHourError} */
  nextPart(): Uint8Array | null {
    const { records } = this.#end;
    if (this.#next === partsOf(records)) return null;
    const part = this.#read(partSpan(records, this.#next));
    assertPart(this.#end, this.#next++, part);
    return part;
  }

  /** @throws {DamagedHourError} */
  next(): Uint8Array | null {
    if (this.#at === this.#part.length) {
      const part = this.nextPart();
      if (part === null) return null;
      this.#part = part;
      this.#at = 0;
    }
    const record = this.#part.subarray(this.#at, this.#at + STORABLE_RECORD_BYTES);
    this.#at += STORED_RECORD_BYTES;
    return record;
  }
}

/** Reads a whole file. @throws {DamagedHourError} when it is not there, or not the one that was noted. */
export function checkSegment(
  crypto: CryptoSuite,
  path: string,
  note: SegmentNote,
  take: (part: Uint8Array) => void = () => {},
): void {
  const fd = openNoted(path, note);
  try {
    const { size } = fstatSync(fd);
    readAll(new SegmentSource(crypto, note, size, (span) => readSpan(fd, span)), take);
  } finally {
    closeSync(fd);
  }
}

/** Reads what would be in the file of a segment. @throws {DamagedHourError} when it is not what was noted. */
export function checkContent(crypto: CryptoSuite, note: SegmentNote, content: Uint8Array): void {
  const read = ({ offset, length }: Span): Uint8Array => {
    if (offset < 0) throw new DamagedHourError("cut short");
    return content.subarray(offset, offset + length);
  };
  readAll(new SegmentSource(crypto, note, content.length, read), () => {});
}

/** Whether a segment holds the record of 129 bytes: some twenty reads. @throws {DamagedHourError} */
export function isInSegment(path: string, note: SegmentNote, record: Uint8Array): boolean {
  const fd = openNoted(path, note);
  try {
    return isAmong(record, note.records, (number) => {
      return readSpan(fd, { offset: number * STORED_RECORD_BYTES, length: STORABLE_RECORD_BYTES });
    });
  } finally {
    closeSync(fd);
  }
}

function readAll(source: SegmentSource, take: (part: Uint8Array) => void): void {
  for (let part = source.nextPart(); part !== null; part = source.nextPart()) take(part);
}

/** Opens the file of a segment for reading. @throws {DamagedHourError} when there is none. */
export function openNoted(path: string, { segment }: SegmentNote): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
    throw new DamagedHourError(`segment ${segment} is missing`, { cause: error });
  }
}
