import { createCipheriv, createHash } from "node:crypto";
import type { RandomSource } from "../world.ts";

/** Reproducible bytes from a printed seed: the ChaCha20 keystream of its hash. Never for secrets. */
export function seededRandom(seed: number | string): RandomSource {
  const key = createHash("sha256").update(`glowworm test seed ${seed}`).digest();
  const stream = createCipheriv("chacha20", key, new Uint8Array(16));
  return { bytes: (length) => new Uint8Array(stream.update(new Uint8Array(length))) };
}
