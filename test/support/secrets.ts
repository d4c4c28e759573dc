import {
  advanceSeed,
  blindingOf,
  type CryptoSuite,
  dayCardOf,
  dayOf,
  deriveDayKeys,
  EPOCHS_PER_DAY,
  epochPrivateKey,
  getIdOf,
  piecesOf,
  putIdOf,
  tagOf,
} from "@glowworm/protocol";
import type { Needles } from "./remains.ts";

/** All that belongs to one epoch of a laptop. */
export interface EpochSecrets {
  /** Epochs since 1970. */
  readonly index: number;
  readonly seed: Uint8Array;
  readonly blinding: Uint8Array;
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly tag: Uint8Array;
  readonly putId: Uint8Array;
  readonly getId: Uint8Array;
}

/** All that belongs to one day of a laptop. */
export interface DaySecrets {
  readonly deviceKey: Uint8Array;
  readonly dayPrivateKey: Uint8Array;
  readonly daySeed: Uint8Array;
  readonly dayPublicKey: Uint8Array;
  readonly epochs: readonly EpochSecrets[];
}

/** What the owner of a device can derive for the day of a time. */
export function daySecrets(crypto: CryptoSuite, deviceKey: Uint8Array, atMs: number): DaySecrets {
  const day = dayOf(atMs / 1000);
  const keys = deriveDayKeys(crypto, deviceKey, day);
  const epochs = Array.from({ length: EPOCHS_PER_DAY }, (_, epoch) => {
    const seed = advanceSeed(crypto, keys.seed, 0, epoch);
    return epochSecrets(crypto, day * EPOCHS_PER_DAY + epoch, seed, keys.privateKey);
  });
  return {
    deviceKey,
    dayPrivateKey: keys.privateKey,
    daySeed: keys.seed,
    dayPublicKey: dayCardOf(crypto, keys).publicKey,
    epochs,
  };
}

/** Everything here that neither a server nor a relay may keep, and nobody may say. */
export function keyNeedles(name: string, { epochs, ...day }: DaySecrets): Needles {
  const needles = new Map<string, Uint8Array>(
    Object.entries(day).map(([what, bytes]) => [`${name} ${what}`, bytes]),
  );
  for (const { index, getId: _published, ...secrets } of epochs) {
    for (const [what, bytes] of Object.entries(secrets)) {
      needles.set(`${name} epoch ${index} ${what}`, bytes);
    }
    for (const [kind, piece] of piecesOf(secrets.publicKey).entries()) {
      needles.set(`${name} epoch ${index} piece ${kind}`, piece);
    }
  }
  return needles;
}

function epochSecrets(
  crypto: CryptoSuite,
  index: number,
  seed: Uint8Array,
  dayPrivateKey: Uint8Array,
): EpochSecrets {
  const privateKey = epochPrivateKey(crypto, seed, dayPrivateKey);
  const publicKey = crypto.x25519Base(privateKey);
  const putId = putIdOf(crypto, publicKey);
  return {
    ...{ index, seed, blinding: blindingOf(crypto, seed), privateKey, publicKey },
    ...{ tag: tagOf(crypto, publicKey), putId, getId: getIdOf(crypto, putId) },
  };
}
