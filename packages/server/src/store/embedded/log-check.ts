import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { isErrno } from "@glowworm/platform";

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** Magic number of a log whose sums are over little-endian words; one more says big-endian. */
const MAGIC = 0x377f0682;

type Sum = readonly [number, number];

/**
 * Whether a write-ahead log lost commits that had been finished. SQLite itself takes the log up to the first frame that
 * is not sound, and silently drops what follows: right for the commit during which a machine stopped, and for nothing
 * else. A commit is on disk before the next one begins, so whatever follows a commit proves that it was finished:
 * when that stands behind an unsound frame, something has damaged the log. What no reader can tell is a damaged last commit
 * from an unfinished one. Reads the log once, from its beginning to its end.
 * @see https://www.sqlite.org/fileformat2.html section 4
 */
export function isLogDamaged(database: string): boolean {
  const fd = openIfAny(`${database}-wal`);
  if (fd === null) return false;
  try {
    const { size } = fstatSync(fd);
    if (size <= HEADER_BYTES) return false;
    const header = headerOf(fd);
    return header === null || losesCommits(fd, size, header);
  } finally {
    closeSync(fd);
  }
}

interface Header {
  readonly isLittleEndian: boolean;
  readonly pageBytes: number;
  readonly salt: Buffer;
  readonly sum: Sum;
}

/** Null when it is unsound: it is synced before the first frame is written. */
function headerOf(fd: number): Header | null {
  const bytes = readAt(fd, 0, HEADER_BYTES);
  const magic = bytes.readUInt32BE(0);
  const isLittleEndian = magic === MAGIC;
  if (!isLittleEndian && magic !== MAGIC + 1) return null;
  const sum = sumOver(bytes.subarray(0, 24), [0, 0], isLittleEndian);
  if (!isSum(bytes.subarray(24), sum)) return null;
  const pageBytes = bytes.readUInt32BE(8);
  return { isLittleEndian, pageBytes, salt: bytes.subarray(16, 24), sum };
}

function losesCommits(fd: number, size: number, header: Header): boolean {
  const frameBytes = FRAME_HEADER_BYTES + header.pageBytes;
  let sum = header.sum;
  let isSound = true;
  let isCommitBehind = false;
  for (let at = HEADER_BYTES; at + frameBytes <= size; at += frameBytes) {
    const frame = readAt(fd, at, isSound ? frameBytes : FRAME_HEADER_BYTES);
    const isOfThisLog = frame.subarray(8, 16).equals(header.salt);
    if (isSound) {
      sum = sumOver(frame.subarray(0, 8), sum, header.isLittleEndian);
      sum = sumOver(frame.subarray(FRAME_HEADER_BYTES), sum, header.isLittleEndian);
      isSound = isOfThisLog && isSum(frame.subarray(16, FRAME_HEADER_BYTES), sum);
    }
    if (isSound || !isOfThisLog) continue;
    if (isCommitBehind) return true;
    isCommitBehind = frame.readUInt32BE(4) !== 0;
  }
  return false;
}

function sumOver(bytes: Buffer, [first, second]: Sum, isLittleEndian: boolean): Sum {
  let a = first;
  let b = second;
  for (let at = 0; at < bytes.length; at += 8) {
    a = (a + b + wordAt(bytes, at, isLittleEndian)) >>> 0;
    b = (b + a + wordAt(bytes, at + 4, isLittleEndian)) >>> 0;
  }
  return [a, b];
}

function wordAt(bytes: Buffer, at: number, isLittleEndian: boolean): number {
  return isLittleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
}

function isSum(bytes: Buffer, [a, b]: Sum): boolean {
  return bytes.readUInt32BE(0) === a && bytes.readUInt32BE(4) === b;
}

function readAt(fd: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  readSync(fd, bytes, 0, length, offset);
  return bytes;
}

function openIfAny(path: string): number | null {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return null;
    throw error;
  }
}
