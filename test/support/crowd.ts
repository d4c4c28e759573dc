import { createBlenoAdvertiser } from "@glowworm/beacon";
import { systemClock, systemRandom } from "@glowworm/platform";
import {
  type CryptoSuite,
  encodeAdvertisement,
  piecesOf,
  type RandomSource,
  STATUS_SEPARATED,
  tagOf,
} from "@glowworm/protocol";
import { type Advertiser, randomAddress } from "@glowworm/radio";

const FRAME_MS = 20;

/** Beacons of strangers, one radio for all: it says the frames of one key after those of another. */
export class Crowd {
  readonly #advertiser: Advertiser;
  readonly #stop = new AbortController();
  #speaking: Promise<void> = Promise.resolve();

  constructor(adapter: string) {
    this.#advertiser = createBlenoAdvertiser({ adapter, clock: systemClock });
  }

  /** Says these public keys over and over, until `stop`. */
  async start(crypto: CryptoSuite, publicKeys: readonly Uint8Array[]): Promise<void> {
    await this.#advertiser.start();
    this.#speaking = this.#speak(publicKeys.flatMap((key) => framesOf(crypto, key)));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#speaking;
    await this.#advertiser.stop();
  }

  async #speak(frames: readonly Uint8Array[]): Promise<void> {
    while (!this.#stop.signal.aborted) {
      for (const data of frames) {
        await this.#advertiser.set(data, randomAddress(systemRandom));
        await systemClock.sleep(FRAME_MS, this.#stop.signal);
      }
    }
  }
}

/** Public keys nobody has the private part of at hand. */
export function strangersKeys(
  crypto: CryptoSuite,
  random: RandomSource,
  count: number,
): readonly Uint8Array[] {
  return Array.from({ length: count }, () => crypto.x25519Base(random.bytes(32)));
}

function framesOf(crypto: CryptoSuite, publicKey: Uint8Array): readonly Uint8Array[] {
  const pieces = piecesOf(publicKey);
  return ([0, 1] as const).map((kind) =>
    encodeAdvertisement({
      type: "piece",
      kind,
      status: STATUS_SEPARATED,
      tag: tagOf(crypto, publicKey),
      piece: pieces[kind],
      token: publicKey.slice(0, 4),
    }),
  );
}
