import { readFileIfAny } from "@glowworm/platform";
import { type CryptoSuite, equalBytes } from "@glowworm/protocol";
import type { SegmentOnDisk } from "./close-hour.ts";
import { DamagedHourError } from "./damage.ts";
import type { Layout } from "./layout.ts";
import type { FiledSegment, SegmentNote } from "./segment-file.ts";
import { checkContent, checkSegment, isInSegment } from "./segment-source.ts";
import { writeContent } from "./segment-writer.ts";

/** The closed segments of an open hour, without a gap, and their files. */
export class ClosedSegments {
  readonly #layout: Layout;
  readonly #firstSegment: number;
  readonly #notes: SegmentNote[] = [];
  #records = 0;

  constructor(layout: Layout, firstSegment: number) {
    this.#layout = layout;
    this.#firstSegment = firstSegment;
  }

  /** In all of them, padding included. */
  get records(): number {
    return this.#records;
  }

  /** The newest, or the one before the first. */
  get through(): number {
    return this.#firstSegment + this.#notes.length - 1;
  }

  get onDisk(): readonly SegmentOnDisk[] {
    return this.#notes.map((note) => ({ ...note, path: this.#layout.openSegment(note.segment) }));
  }

  /** @throws {DamagedHourError} unless it is the next one. */
  add({ segment, records, checksum }: SegmentNote): void {
    if (segment !== this.through + 1) throw new DamagedHourError("a segment is not noted");
    this.#notes.push({ segment, records, checksum });
    this.#records += records;
  }

  /**
   * Adds one that an earlier process made, and reads its file. A small one whose file is not what it should be gets it
   * again: the disk was never asked to keep it. @throws {DamagedHourError}
   */
  load(crypto: CryptoSuite, note: FiledSegment, take: (part: Uint8Array) => void): void {
    this.add(note);
    const path = this.#layout.openSegment(note.segment);
    if (note.content !== null) {
      checkContent(crypto, note, note.content);
      if (!isContentOf(path, note.content)) writeContent(path, note.content);
    }
    checkSegment(crypto, path, note, take);
  }

  /** Whether the file of a closed segment holds a record. @throws {DamagedHourError} */
  holds(segment: number, record: Uint8Array): boolean {
    const note = this.#notes[segment - this.#firstSegment];
    if (note === undefined) return false;
    return isInSegment(this.#layout.openSegment(segment), note.records, record);
  }
}

function isContentOf(path: string, content: Uint8Array): boolean {
  const found = readFileIfAny(path);
  return found !== null && equalBytes(found, content);
}
