import { ByteWriter, type CryptoSuite, concat, type RandomSource } from "@glowworm/protocol";

const BLOCK_BYTES = 64;

/**
 * Bytes drawn from a 32-byte seed with keyed BLAKE2b: a thread cannot be handed a source of randomness, but it can be
 * handed a seed. Nobody without the seed can tell them from random.
 */
export function randomFromSeed(crypto: CryptoSuite, seed: Uint8Array): RandomSource {
  let block = 0;
  return {
    bytes(length) {
      const blocks: Uint8Array[] = [];
      for (let have = 0; have < length; have += BLOCK_BYTES) {
        const counter = new ByteWriter(4).u32("padding.block", block++).finish();
        blocks.push(crypto.blake2b(BLOCK_BYTES, counter, seed));
      }
      return concat(...blocks).slice(0, length);
    },
  };
}
