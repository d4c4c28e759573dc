import { Failure } from "@glowworm/platform";
import type { Advertiser } from "@glowworm/radio";

/** A minute of trying: longer than a resume or a restart of the Bluetooth service takes. */
const TRIES_MAX = 6;
const FIRST_PAUSE_MS = 1000;

/**
 * Keeps an advertiser saying what it should: starts it anew when the radio may have forgotten, and tries again when
 * it fails. Invariant: after a start or a failure the address is set together with the data.
 */
export class OnAir {
  readonly #advertiser: Advertiser;
  readonly #onChange: (isWorking: boolean) => void;
  #isStarted = false;
  #address: Uint8Array | null = null;
  #failures = 0;

  constructor(advertiser: Advertiser, onChange: (isWorking: boolean) => void) {
    this.#advertiser = advertiser;
    this.#onChange = onChange;
  }

  /** Takes the radio for the first time: what fails here a person must mend. @throws {Failure} */
  async start(): Promise<void> {
    await this.#advertiser.start();
    this.#isStarted = true;
  }

  /** Makes the next `show` start from nothing: the radio may be silent after a sleep. */
  forget(): void {
    this.#isStarted = false;
  }

  /**
   * Says `data` from `address`. Pass the same array for the same address.
   * @returns null when it is said, else milliseconds after which to try again.
   * @throws {Failure} noBluetooth when the radio does not come back.
   */
  async show(data: Uint8Array, address: Uint8Array): Promise<number | null> {
    try {
      await this.#set(data, address);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return this.#failed(error);
    }
    if (this.#failures > 0) this.#onChange(true);
    this.#failures = 0;
    return null;
  }

  stop(): Promise<void> {
    return this.#advertiser.stop();
  }

  async #set(data: Uint8Array, address: Uint8Array): Promise<void> {
    if (!this.#isStarted) {
      this.#address = null;
      await this.start();
    }
    if (this.#address === address) return this.#advertiser.set(data);
    this.#address = null;
    await this.#advertiser.set(data, address);
    this.#address = address;
  }

  #failed(error: Failure): number {
    this.#isStarted = false;
    this.#failures += 1;
    if (error.exit === "noPermission") throw error;
    if (this.#failures > TRIES_MAX) {
      throw new Failure("noBluetooth", error.message, error.remedy, { cause: error });
    }
    if (this.#failures === 1) this.#onChange(false);
    return FIRST_PAUSE_MS * 2 ** (this.#failures - 1);
  }
}
