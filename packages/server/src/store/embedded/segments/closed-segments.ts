import { renameSync } from "node:fs";
import { readFileIfAny } from "@glowworm/platform";
import { type CryptoSuite, equalBytes } from "@glowworm/protocol";
import type { SegmentOnDisk } from "../closing/close-hour.ts";
import { DamagedHourError, isUnreadable } from "../damage.ts";
import { type Layout, UNFINISHED } from "../layout.ts";
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
    mendSmall(crypto, path, note);
    checkSegment(crypto, path, note, take);
  }

  /** Writes the files of small ones again that are not what they should be. Returns how many. @throws {DamagedHourError} */
  mend(crypto: CryptoSuite, notes: readonly FiledSegment[]): number {
    const mended = notes.filter((note) =>
      mendSmall(crypto, this.#layout.openSegment(note.segment), note),
    );
    return mended.length;
  }

  /** @throws {DamagedHourError} when the file of a closed segment is not what was noted. */
  check(crypto: CryptoSuite, segment: number): void {
    const note = this.#notes[segment - this.#firstSegment];
    if (note === undefined) throw new DamagedHourError("a segment is not noted");
    checkSegment(crypto, this.#layout.openSegment(segment), note);
  }

  /** Whether the file of a closed segment holds a record. @throws {DamagedHourError} */
  holds(segment: number, record: Uint8Array): boolean {
    const note = this.#notes[segment - this.#firstSegment];
    if (note === undefined) return false;
    return isInSegment(this.#layout.openSegment(segment), note, record);
  }
}

/** Whether the file of a segment was another than the database has, and is that now. @throws {DamagedHourError} */
function mendSmall(crypto: CryptoSuite, path: string, note: FiledSegment): boolean {
  if (note.content === null) return false;
  checkContent(crypto, note, note.content);
  if (isContentOf(path, note.content)) return false;
  // Somebody may be reading.
  writeContent(path + UNFINISHED, note.content);
  renameSync(path + UNFINISHED, path);
  return true;
}

function isContentOf(path: string, content: Uint8Array): boolean {
  try {
    const found = readFileIfAny(path);
    return found !== null && equalBytes(found, content);
  } catch (error) {
    if (isUnreadable(error)) return false;
    throw error;
  }
}
