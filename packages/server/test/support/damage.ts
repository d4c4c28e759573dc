import { readFileSync, writeFileSync } from "node:fs";

/** Changes bits of the byte at `offset`. */
export function flip(path: string, offset: number, mask = 1): void {
  const bytes = readFileSync(path);
  bytes[offset] = (bytes[offset] ?? 0) ^ mask;
  writeFileSync(path, bytes);
}

/** Changes bits of the byte `back` bytes before the end. */
export function flipFromEnd(path: string, back: number, mask = 1): void {
  flip(path, readFileSync(path).length - back, mask);
}
