import { systemClock, systemRandom } from "@glowworm/platform";
import { decodeAdvertisement, type Frame } from "@glowworm/protocol";
import type { Advert, Scanner } from "@glowworm/radio";
import { createNobleScanner } from "@glowworm/relay";

/** A frame as an eavesdropper hears it. */
export interface HeardFrame extends Advert {
  readonly frame: Frame;
}

/** An eavesdropper on an emulated air. */
export class Ear {
  /** Every frame of ours, in the order in which they were heard. */
  readonly frames: HeardFrame[] = [];
  readonly #scanner: Scanner;

  constructor(adapter: string) {
    this.#scanner = createNobleScanner({ adapter, clock: systemClock, random: systemRandom });
  }

  start(): Promise<void> {
    return this.#scanner.start((advert) => {
      const frame = decodeAdvertisement(advert.data);
      if (frame !== null) this.frames.push({ ...advert, frame });
    });
  }

  stop(): Promise<void> {
    return this.#scanner.stop();
  }
}
