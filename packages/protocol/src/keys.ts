import type { CryptoSuite } from "./crypto/suite.ts";
import { UsageError } from "./errors.ts";
import { TOKEN_BYTES } from "./frames.ts";
import {
  EPOCH_SECONDS,
  KDF_BLIND,
  KDF_CHAIN,
  KDF_DAY_KEY,
  KDF_DAY_SEED,
  KDF_DEVICE,
  KDF_TOKEN,
  TOKEN_SECONDS,
} from "./params.ts";
import { blindScalar } from "./scalar.ts";

const MINUTES_PER_EPOCH: number = EPOCH_SECONDS / TOKEN_SECONDS;

/** What opens the reports of one day, and no other. Held by the owner, and by whom the owner shares the day with. */
export interface DayKeys {
  readonly day: number;
  /** 32 bytes, `d_w`. */
  readonly privateKey: Uint8Array;
  /** 32 bytes, `S_w`. */
  readonly seed: Uint8Array;
}

/** What broadcasts on one day and opens nothing. Held by the beacon. */
export interface DayCard {
  readonly day: number;
  /** 32 bytes, `B_w`. */
  readonly publicKey: Uint8Array;
  /** 32 bytes, `S_w`; all zero once erased. */
  readonly seed: Uint8Array;
}

/** Device key `K`, 32 bytes; device numbers are 0 to 2^53 - 1. @see docs/protocol.md section 4.1 */
export function deriveDeviceKey(
  crypto: CryptoSuite,
  ownerKey: Uint8Array,
  deviceNumber: number,
): Uint8Array {
  return crypto.kdf(ownerKey, deviceNumber, KDF_DEVICE);
}

/** Day private key and day seed. @see docs/protocol.md section 4.2 */
export function deriveDayKeys(crypto: CryptoSuite, deviceKey: Uint8Array, day: number): DayKeys {
  return {
    day,
    privateKey: crypto.kdf(deviceKey, day, KDF_DAY_KEY),
    seed: crypto.kdf(deviceKey, day, KDF_DAY_SEED),
  };
}

/** The card of a day. @see docs/protocol.md section 4.3 */
export function dayCardOf(crypto: CryptoSuite, keys: DayKeys): DayCard {
  return { day: keys.day, publicKey: crypto.x25519Base(keys.privateKey), seed: keys.seed };
}

/** `S_{w,e+1}` from `S_{w,e}`: the way back is closed. @see docs/protocol.md section 4.4 */
export function nextSeed(crypto: CryptoSuite, seed: Uint8Array): Uint8Array {
  return crypto.kdf(seed, 2, KDF_CHAIN);
}

/** `S_{w,to}` from `S_{w,from}`; `from` itself when `to` is not later. @see docs/protocol.md section 4.4 */
export function advanceSeed(
  crypto: CryptoSuite,
  seed: Uint8Array,
  from: number,
  to: number,
): Uint8Array {
  let current = seed;
  for (let epoch = from; epoch < to; epoch++) current = nextSeed(crypto, current);
  return current;
}

/** Blinding `r_{w,e}`, 32 bytes. @see docs/protocol.md section 4.5 */
export function blindingOf(crypto: CryptoSuite, seed: Uint8Array): Uint8Array {
  return crypto.kdf(seed, 1, KDF_BLIND);
}

/** Epoch public key `P = X25519(r, B_w)`, as the beacon makes it. @see docs/protocol.md section 4.6 */
export function epochPublicKey(
  crypto: CryptoSuite,
  seed: Uint8Array,
  dayPublicKey: Uint8Array,
): Uint8Array {
  return crypto.x25519(blindingOf(crypto, seed), dayPublicKey);
}

/**
 * Epoch private key, 32 bytes: the one X25519 scalar that does what `r` and `d_w` do one after the other, so
 * that deriving an id or opening a report costs one multiplication instead of two.
 * @see docs/protocol.md section 4.7
 */
export function epochPrivateKey(
  crypto: CryptoSuite,
  seed: Uint8Array,
  dayPrivateKey: Uint8Array,
): Uint8Array {
  return blindScalar(blindingOf(crypto, seed), dayPrivateKey);
}

/**
 * Token of a minute of the epoch, 4 bytes.
 * @param minute 0 to 4.
 * @throws {UsageError} for any other minute.
 * @see docs/protocol.md section 4.8
 */
export function minuteToken(crypto: CryptoSuite, seed: Uint8Array, minute: number): Uint8Array {
  if (!Number.isInteger(minute) || minute < 0 || minute >= MINUTES_PER_EPOCH) {
    throw new UsageError(`minute: expected 0 to ${MINUTES_PER_EPOCH - 1}`);
  }
  const key = crypto.kdf(seed, 3, KDF_TOKEN);
  return crypto.blake2b(16, Uint8Array.of(minute), key).slice(0, TOKEN_BYTES);
}
