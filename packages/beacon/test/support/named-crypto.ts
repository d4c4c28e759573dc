import { createHash } from "node:crypto";
import { ByteWriter, type CryptoSuite, KDF_CHAIN, KDF_DAY_SEED } from "@glowworm/protocol";

/** Stands where a seed stands, so that tests can read off any bytes which epoch they lead to. */
const SEED_MARK: Uint8Array = Uint8Array.of(0x5e, 0xed, 0x5e, 0xed);

/**
 * Key derivation that hides nothing: a chain seed names its day and epoch, and the public key of an epoch is its
 * seed. For tests that ask which epochs a folder leads to, over years of days; hashes are real.
 */
export function namedCrypto(real: CryptoSuite): CryptoSuite {
  return {
    ...real,
    kdf: (key, id, context) => {
      if (context === KDF_DAY_SEED) return seedNamed(id, 0);
      if (context !== KDF_CHAIN) return key.slice();
      const { day, epoch } = nameOf(key, 0);
      return seedNamed(day, epoch + 1);
    },
    x25519: (secret) => secret.slice(),
    x25519Base: (secret) => secret.slice(),
    blake2b: (length, message, key) =>
      new Uint8Array(
        createHash("blake2b512")
          .update(key ?? "")
          .update(message)
          .digest()
          .subarray(0, length),
      ),
  };
}

/** Day and epoch that a named seed at an offset leads to. */
export function nameOf(bytes: Uint8Array, offset: number): { day: number; epoch: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset);
  return { day: view.getUint32(4), epoch: view.getUint32(8) };
}

/** Every named seed in some bytes. */
export function seedsIn(bytes: Uint8Array): { day: number; epoch: number }[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const found = [];
  for (let at = text.indexOf(SEED_MARK); at >= 0; at = text.indexOf(SEED_MARK, at + 1)) {
    found.push(nameOf(bytes, at));
  }
  return found;
}

function seedNamed(day: number, epoch: number): Uint8Array {
  return new ByteWriter(32)
    .bytes("mark", SEED_MARK, 4)
    .u32("day", day)
    .u32("epoch", epoch)
    .bytes("rest", new Uint8Array(20).fill(0xaa), 20)
    .finish();
}
