import { closeSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { syncFile, syncFolder, writeAll } from "@glowworm/platform";
import { type CryptoSuite, STORED_RECORD_BYTES } from "@glowworm/protocol";
import { UNFINISHED } from "../layout.ts";
import { type FiledSegment, type SegmentParts, writeSegment } from "./segment-file.ts";

/** Records of a segment that is small, 8.5 kB: those of a quiet server, of which 120 may close at once after a pause. */
const SMALL_RECORDS_MAX = 64;
/** A small segment has one part, whose sum and footer fit in this. */
const END_BYTES_MAX = 64;

/** A segment on its way into a file. */
export interface SegmentToFile extends SegmentParts {
  readonly to: string;
}

/**
 * Writes the files of segments of one hour. Those that are not small are whole and on disk under their names when it
 * returns; they share one wait for the folder.
 */
export function writeFiles(
  crypto: CryptoSuite,
  segments: Iterable<SegmentToFile>,
): readonly FiledSegment[] {
  const filed: FiledSegment[] = [];
  const large: string[] = [];
  for (const segment of segments) {
    if (segment.records <= SMALL_RECORDS_MAX) {
      filed.push(writeSmall(crypto, segment));
    } else {
      filed.push(writeLarge(crypto, segment));
      large.push(segment.to);
    }
  }
  finishAll(large);
  return filed;
}

/** Writes the whole content of a file, and does not wait for the disk. */
export function writeContent(path: string, content: Uint8Array): void {
  const fd = openSync(path, "w", 0o600);
  try {
    writeAll(fd, content, 0);
  } finally {
    closeSync(fd);
  }
}

/** Gives unfinished files of one folder their names once they are on disk, and waits for the names once. */
export function finishAll(files: readonly string[]): void {
  for (const path of files) {
    syncFile(path + UNFINISHED);
    renameSync(path + UNFINISHED, path);
  }
  const [first] = files;
  if (first !== undefined) syncFolder(dirname(first));
}

function writeSmall(crypto: CryptoSuite, segment: SegmentToFile): FiledSegment {
  const bytes = new Uint8Array(segment.records * STORED_RECORD_BYTES + END_BYTES_MAX);
  let length = 0;
  const note = writeSegment(crypto, segment, (part, offset) => {
    bytes.set(part, offset);
    length = offset + part.length;
  });
  const content = bytes.slice(0, length);
  writeContent(segment.to, content);
  return { ...note, content };
}

/** A failure leaves no file. */
function writeLarge(crypto: CryptoSuite, segment: SegmentToFile): FiledSegment {
  const unfinished = segment.to + UNFINISHED;
  const fd = openSync(unfinished, "w", 0o600);
  try {
    const note = writeSegment(crypto, segment, (bytes, offset) => writeAll(fd, bytes, offset));
    return { ...note, content: null };
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}
