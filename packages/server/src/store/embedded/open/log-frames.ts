import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { isErrno } from "@glowworm/platform";

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** Magic number of a log whose sums are over little-endian words; one more says big-endian. */
const MAGIC = 0x377f0682;

type Sum = readonly [number, number];

/** A page of a write-ahead log. */
export interface Frame {
  /** Whether it and all before it are what was written. */
  readonly isSound: boolean;
  /** Whether it is of this use of the file, and not of an earlier one. */
  readonly isOfThisLog: boolean;
  /** Whether a commit ends with it. */
  readonly isCommit: boolean;
  /** Which page of the database it is, from 1 on. */
  readonly page: number;
  /** That page; empty when the frame is not sound. */
  readonly content: Uint8Array;
}

/** A write-ahead log of SQLite. @see https://www.sqlite.org/fileformat2.html section 4 */
export class Log {
  readonly #fd: number;
  readonly #size: number;

  private constructor(fd: number) {
    this.#fd = fd;
    this.#size = fstatSync(fd).size;
  }

  /** Does something with the log of a database; null when it has none, or an empty one. */
  static read<T>(database: string, use: (log: Log) => T): T | null {
    const fd = openIfAny(`${database}-wal`);
    if (fd === null) return null;
    try {
      const log = new Log(fd);
      return log.#size <= HEADER_BYTES ? null : use(log);
    } finally {
      closeSync(fd);
    }
  }

  /** Whether its header is sound: that is synced before the first frame is written. */
  get hasHeader(): boolean {
    return this.#header() !== null;
  }

  /** All frames that are there, each read once, in order; none when the header is unsound. */
  *frames(): Generator<Frame> {
    const header = this.#header();
    if (header === null) return;
    const frameBytes = FRAME_HEADER_BYTES + header.pageBytes;
    let sum = header.sum;
    let isSound = true;
    for (let at = HEADER_BYTES; at + frameBytes <= this.#size; at += frameBytes) {
      const frame = this.#bytes(at, isSound ? frameBytes : FRAME_HEADER_BYTES);
      const isOfThisLog = frame.subarray(8, 16).equals(header.salt);
      const content = frame.subarray(FRAME_HEADER_BYTES);
      if (isSound) {
        sum = sumOver(frame.subarray(0, 8), sum, header.isLittleEndian);
        sum = sumOver(content, sum, header.isLittleEndian);
        isSound = isOfThisLog && isSum(frame.subarray(16, FRAME_HEADER_BYTES), sum);
      }
      const isCommit = frame.readUInt32BE(4) !== 0;
      yield { isSound, isOfThisLog, isCommit, page: frame.readUInt32BE(0), content };
    }
  }

  #header(): Header | null {
    const bytes = this.#bytes(0, HEADER_BYTES);
    const magic = bytes.readUInt32BE(0);
    const isLittleEndian = magic === MAGIC;
    if (!isLittleEndian && magic !== MAGIC + 1) return null;
    const sum = sumOver(bytes.subarray(0, 24), [0, 0], isLittleEndian);
    if (!isSum(bytes.subarray(24), sum)) return null;
    const pageBytes = bytes.readUInt32BE(8);
    return { isLittleEndian, pageBytes, salt: bytes.subarray(16, 24), sum };
  }

  #bytes(offset: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    readSync(this.#fd, bytes, 0, length, offset);
    return bytes;
  }
}

interface Header {
  readonly isLittleEndian: boolean;
  readonly pageBytes: number;
  readonly salt: Buffer;
  readonly sum: Sum;
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

function openIfAny(path: string): number | null {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return null;
    throw error;
  }
}
