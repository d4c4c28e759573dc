import { randomFillSync } from "node:crypto";
import type { RandomSource } from "@glowworm/protocol";

/** Filled a page at a time: 32 bytes from the pool cost a hundredth of a call to the system. */
const POOL_BYTES = 4096;
const pool = new Uint8Array(POOL_BYTES);
let used = POOL_BYTES;

/** The machine's own randomness. Bytes handed out are wiped from the pool. */
export const systemRandom: RandomSource = {
  bytes(length) {
    if (length > POOL_BYTES) return randomFillSync(new Uint8Array(length));
    if (used + length > POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    const out = pool.slice(used, used + length);
    pool.fill(0, used, used + length);
    used += length;
    return out;
  },
};
