import type { ClockTrust } from "@glowworm/platform";
import {
  type CryptoSuite,
  EPOCH_SECONDS,
  encodeCardFile,
  type RandomSource,
  type UnixSeconds,
} from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import type { Advertiser } from "@glowworm/radio";
import { Beacon, type BeaconEvent, CardStore, type Disk } from "../../src/index.ts";
import { cardsOf } from "./cards.ts";

/** A laptop whose clocks the test moves: wall and boot time, boots, and what the time daemon says. */
export class Laptop {
  readonly clock: FakeClock;
  readonly random: RandomSource;
  readonly trust: ClockTrust;
  readonly events: BeaconEvent[] = [];
  isSynchronised = true;
  timesAsked = 0;
  /** How long the answer takes. */
  askSeconds = 0;
  #bootSeconds = 0;
  #boots = 1;

  constructor(wall: UnixSeconds, seed: string) {
    this.clock = new FakeClock(wall * 1000);
    this.random = seededRandom(seed);
    this.trust = {
      isSynchronised: () => {
        this.timesAsked += 1;
        this.run(this.askSeconds);
        return Promise.resolve(this.isSynchronised);
      },
      bootSeconds: () => this.#bootSeconds,
      bootId: () => `boot ${this.#boots}`,
    };
  }

  get wall(): UnixSeconds {
    return this.clock.nowMs() / 1000;
  }

  /** Awake: every clock runs. */
  run(seconds: number): void {
    this.clock.advance(seconds * 1000);
    this.#bootSeconds += seconds;
  }

  /** Asleep: running time stands still. */
  suspend(seconds: number): void {
    this.setWall(this.wall + seconds);
    this.#bootSeconds += seconds;
  }

  /** Switched off for so long, and on again. */
  reboot(offSeconds: number): void {
    this.setWall(this.wall + offSeconds);
    this.#boots += 1;
    this.#bootSeconds = 20;
  }

  setWall(wall: UnixSeconds): void {
    this.clock.setWall(Math.round(wall * 1000));
  }

  beacon(crypto: CryptoSuite, disk: Disk, advertiser: Advertiser): Beacon {
    const { clock, random, trust } = this;
    const store = new CardStore(crypto, disk);
    const onEvent = (event: BeaconEvent): void => {
      this.events.push(event);
    };
    return new Beacon({ crypto, clock, random, trust, advertiser, store, onEvent });
  }
}

/** A card file of consecutive days, made at `createdAt`. */
export function cardFile(
  crypto: CryptoSuite,
  createdAt: UnixSeconds,
  days: { readonly first: number; readonly count: number },
): Uint8Array {
  return encodeCardFile(crypto, { createdAt, cards: cardsOf(crypto, days) });
}

/** Index of the epoch that holds a time. */
export function indexOf(at: UnixSeconds): number {
  return Math.floor(at / EPOCH_SECONDS);
}
