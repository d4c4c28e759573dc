import { closeSync, openSync, readSync } from "node:fs";
import { DamagedHourError } from "../damage.ts";

/** A run of bytes in a file. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** Does something with a file that is open for reading. */
export function withFile<T>(path: string, use: (fd: number) => T): T {
  const fd = openSync(path, "r");
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

/** @throws {DamagedHourError} when the file ends before. */
export function readSpan(fd: number, { offset, length }: Span): Uint8Array {
  if (offset < 0) throw new DamagedHourError("cut short");
  const bytes = new Uint8Array(length);
  if (readSync(fd, bytes, 0, length, offset) !== length) throw new DamagedHourError("cut short");
  return bytes;
}
