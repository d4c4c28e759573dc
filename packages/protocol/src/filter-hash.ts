const WORDS = 4;
const ROUNDS_PER_WORD = 2;
const ROUNDS_PER_OUTPUT = 4;
const LENGTH_WORD = 16 << 24;

/**
 * HalfSipHash-2-4 of the 16 bytes at `at`, lengthened to three words: keyed, so that nobody can choose ids that collide
 * under a seed that is not drawn yet, and in 32-bit arithmetic, so that it is fast without big integers.
 *
 * @param seed 8 bytes.
 * @param out takes the three words.
 * @see docs/protocol.md section 7.6
 */
export function hashId(seed: Uint8Array, bytes: Uint8Array, at: number, out: Uint32Array): void {
  const k0 = littleEndian(seed, 0);
  const k1 = littleEndian(seed, 4);
  let v0 = k0;
  let v1 = k1 ^ 0xee;
  let v2 = k0 ^ 0x6c796765;
  let v3 = k1 ^ 0x74656462;
  // The rounds stand here twice: with one loop for both, it takes half as long again.
  for (let word = 0; word <= WORDS; word++) {
    const input = word < WORDS ? littleEndian(bytes, at + 4 * word) : LENGTH_WORD;
    v3 ^= input;
    for (let round = 0; round < ROUNDS_PER_WORD; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    v0 ^= input;
  }
  v2 ^= 0xee;
  for (let word = 0; word < out.length; word++) {
    for (let round = 0; round < ROUNDS_PER_OUTPUT; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    out[word] = v1 ^ v3;
    v1 ^= 0xdd;
  }
}

function littleEndian(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  return low | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}
