import { UsageError } from "../errors.ts";

/** What BLAKE2b needs of libsodium's WebAssembly module: its functions by their C names, pointers as numbers. */
export interface SodiumModule {
  /** The module's memory: another array whenever that has grown. */
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _crypto_generichash_statebytes(): number;
  /** A length of 64 bits comes as its lower and its upper half. */
  _crypto_generichash(
    out: number,
    outLength: number,
    message: number,
    lengthLow: number,
    lengthHigh: number,
    key: number,
    keyLength: number,
  ): number;
  _crypto_generichash_init(
    state: number,
    key: number,
    keyLength: number,
    outLength: number,
  ): number;
  _crypto_generichash_update(
    state: number,
    part: number,
    lengthLow: number,
    lengthHigh: number,
  ): number;
  _crypto_generichash_final(state: number, out: number, outLength: number): number;
}

/** BLAKE2b of a message, keyed when a key is given. @throws {UsageError} */
export type Blake2b = (length: number, message: Uint8Array, key?: Uint8Array) => Uint8Array;

const HASH_BYTES_MIN = 16;
const HASH_BYTES_MAX = 64;
const KEY_BYTES_MAX = 64;
/** Of a longer message so much is hashed at a time: only manifests and filters of large hours are. */
const PART_BYTES = 65_536;

/**
 * BLAKE2b in memory that is reserved once. libsodium's wrapper reserves and frees some for every argument, which for a short
 * message takes several times as long as to hash it, and for a long one as much memory again.
 */
export function blake2bOf(sodium: SodiumModule): Blake2b {
  const out = sodium._malloc(HASH_BYTES_MAX + KEY_BYTES_MAX + PART_BYTES);
  const keyAt = out + HASH_BYTES_MAX;
  const partAt = keyAt + KEY_BYTES_MAX;
  const state = sodium._malloc(sodium._crypto_generichash_statebytes());
  const hashInParts = (length: number, message: Uint8Array, keyLength: number): void => {
    sodium._crypto_generichash_init(state, keyAt, keyLength, length);
    for (let at = 0; at < message.length; at += PART_BYTES) {
      const part = message.subarray(at, at + PART_BYTES);
      sodium.HEAPU8.set(part, partAt);
      sodium._crypto_generichash_update(state, partAt, part.length, 0);
    }
    sodium._crypto_generichash_final(state, out, length);
  };
  return (length, message, key) => {
    const keyLength = key?.length ?? 0;
    assertRange("blake2b.length", length, HASH_BYTES_MIN, HASH_BYTES_MAX);
    assertRange("blake2b.key", keyLength, 0, KEY_BYTES_MAX);
    if (key !== undefined) sodium.HEAPU8.set(key, keyAt);
    if (message.length > PART_BYTES) hashInParts(length, message, keyLength);
    else {
      sodium.HEAPU8.set(message, partAt);
      sodium._crypto_generichash(out, length, partAt, message.length, 0, keyAt, keyLength);
    }
    const hash = sodium.HEAPU8.slice(out, out + length);
    // Keys and messages may be secrets: none stays.
    sodium.HEAPU8.fill(0, out, partAt + Math.min(message.length, PART_BYTES));
    return hash;
  };
}

function assertRange(name: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new UsageError(`${name}: expected ${low} to ${high} bytes`);
}
