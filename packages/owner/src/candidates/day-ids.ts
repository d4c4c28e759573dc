import {
  advanceSeed,
  type CryptoSuite,
  type DayKeys,
  deriveDayKeys,
  EPOCHS_PER_DAY,
  type EpochRef,
  epochPrivateKey,
  GET_ID_BYTES,
  getIdOf,
  nextSeed,
  putIdOf,
} from "@glowworm/protocol";

/** Bytes of the ids of one day: 288 of 16 bytes. */
export const DAY_IDS_BYTES: number = EPOCHS_PER_DAY * GET_ID_BYTES;

/**
 * The `get_id` of every epoch of a day, back to back. One X25519 an epoch, and one walk down the seed chain.
 * @see docs/protocol.md section 4.7
 */
export function deriveDayIds(crypto: CryptoSuite, deviceKey: Uint8Array, day: number): Uint8Array {
  const keys = deriveDayKeys(crypto, deviceKey, day);
  const ids = new Uint8Array(DAY_IDS_BYTES);
  let seed = keys.seed;
  for (let epoch = 0; epoch < EPOCHS_PER_DAY; epoch++) {
    const publicKey = crypto.x25519Base(epochPrivateKey(crypto, seed, keys.privateKey));
    ids.set(getIdOf(crypto, putIdOf(crypto, publicKey)), epoch * GET_ID_BYTES);
    seed = nextSeed(crypto, seed);
  }
  return ids;
}

/** Seeds and day keys of epochs; cheapest when asked in ascending order, since a seed chain has no way back. */
export class EpochKeys {
  readonly #crypto: CryptoSuite;
  readonly #deviceKey: Uint8Array;
  #keys: DayKeys | null = null;
  #epoch = 0;
  #seed: Uint8Array = new Uint8Array();

  constructor(crypto: CryptoSuite, deviceKey: Uint8Array) {
    this.#crypto = crypto;
    this.#deviceKey = deviceKey;
  }

  /** Seed `S_{w,e}` and private key of an epoch, 32 bytes each. */
  of(ref: EpochRef): { readonly seed: Uint8Array; readonly privateKey: Uint8Array } {
    const keys = this.#walkTo(ref);
    return {
      seed: this.#seed,
      privateKey: epochPrivateKey(this.#crypto, this.#seed, keys.privateKey),
    };
  }

  #walkTo(ref: EpochRef): DayKeys {
    let keys = this.#keys;
    if (keys === null || keys.day !== ref.day || this.#epoch > ref.epoch) {
      keys = deriveDayKeys(this.#crypto, this.#deviceKey, ref.day);
      this.#keys = keys;
      this.#seed = keys.seed;
      this.#epoch = 0;
    }
    this.#seed = advanceSeed(this.#crypto, this.#seed, this.#epoch, ref.epoch);
    this.#epoch = ref.epoch;
    return keys;
  }
}
