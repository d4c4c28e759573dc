/** Bytes of one bit for each of `count` things. */
export function bitmapBytes(count: number): number {
  return Math.ceil(count / 8);
}

/** Whether bit `at` is set, lowest bit of the first byte first. */
export function hasBit(bitmap: Uint8Array, at: number): boolean {
  return (((bitmap[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;
}

/** Sets bit `at`. */
export function setBit(bitmap: Uint8Array, at: number): void {
  bitmap[at >> 3] = (bitmap[at >> 3] ?? 0) | (1 << (at & 7));
}
