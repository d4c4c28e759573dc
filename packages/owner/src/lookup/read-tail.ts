import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** The end of a file of blocks. */
export interface Tail {
  /** Bytes of the whole file. */
  readonly size: number;
  /** From the first byte of a block on. */
  readonly bytes: Uint8Array;
}

/** Reads at most the last `count` blocks of a file, however large it is. @throws the system's error. */
export function readTail(path: string, blockBytes: number, count: number): Tail {
  const fd = openSync(path, "r");
  try {
    const { size } = fstatSync(fd);
    const from = Math.max(0, Math.floor(size / blockBytes) - count) * blockBytes;
    const bytes = new Uint8Array(size - from);
    let length = 0;
    while (length < bytes.length) {
      const read = readSync(fd, bytes, length, bytes.length - length, from + length);
      if (read === 0) break;
      length += read;
    }
    return { size, bytes: bytes.subarray(0, length) };
  } finally {
    closeSync(fd);
  }
}
