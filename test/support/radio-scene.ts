import { createBlenoAdvertiser } from "@glowworm/beacon";
import type { Failure } from "@glowworm/platform";
import { fromHex, type RandomSource } from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import {
  type Advert,
  type Advertiser,
  type HciTransport,
  randomAddress,
  type Scanner,
} from "@glowworm/radio";
import { createNobleScanner } from "@glowworm/relay";
import { type Link, VirtualAir } from "./virtual-air.ts";
import type { VirtualController } from "./virtual-controller.ts";

export const START_MS: number = Date.UTC(2026, 10, 20, 12);
export const FRAME: Uint8Array = fromHex(`1effffff2c${"01".repeat(26)}`);
export const OTHER_FRAME: Uint8Array = fromHex(`1effffff34${"02".repeat(26)}`);
/** Type of an advertisement that takes no connection and no scan. */
export const NON_CONNECTABLE = 3;

/** Our advertiser and our scanner, each on a virtual controller of its own in one air. */
export class RadioScene {
  readonly clock: FakeClock = new FakeClock(START_MS);
  readonly random: RandomSource = seededRandom("radio");
  readonly air: VirtualAir;
  readonly beaconRadio: VirtualController;
  readonly relayRadio: VirtualController;
  readonly advertiser: Advertiser;
  readonly scanner: Scanner;
  /** What the scanner heard, once it listens. */
  readonly heard: Advert[] = [];

  constructor(change: { readonly hasExtended?: boolean; readonly link?: Link } = {}) {
    const { clock, random } = this;
    const { hasExtended = false, link } = change;
    this.air = new VirtualAir(clock, random, link);
    this.beaconRadio = this.air.controller();
    this.relayRadio = this.air.controller({ hasExtended });
    this.advertiser = createBlenoAdvertiser({ adapter: () => this.beaconRadio.transport(), clock });
    const adapter = (): HciTransport => this.relayRadio.transport();
    this.scanner = createNobleScanner({ adapter, clock, random });
  }

  readonly listen = (advert: Advert): void => {
    this.heard.push(advert);
  };

  /** Advertises a frame, and hears it. */
  async runBoth(onLost?: (failure: Failure) => void): Promise<void> {
    await this.advertiser.start();
    await this.scanner.start(this.listen, onLost);
    await this.advertiser.set(FRAME, randomAddress(this.random));
    await this.air.advance(200);
  }

  /** Stops both, whatever their controllers do. */
  async end(): Promise<void> {
    const stopping = Promise.all([this.advertiser.stop(), this.scanner.stop()]);
    await this.air.advance(15_000);
    await stopping;
  }
}

/** What a command of one kind said, each time it was given. */
export function parametersOf(radio: VirtualController, opcode: number): readonly Uint8Array[] {
  return radio.commands.filter((one) => one.opcode === opcode).map((one) => one.parameters);
}
