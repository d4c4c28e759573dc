import { type ClockTrust, Failure } from "@glowworm/platform";
import {
  ascii,
  type Clock,
  type CryptoSuite,
  type PieceKind,
  type RandomSource,
  randomFraction,
  type Stepper,
  toHex,
} from "@glowworm/protocol";
import { type Advertiser, randomAddress } from "@glowworm/radio";
import { type Airing, airingMinute } from "./airing.ts";
import type { CardStore } from "./card-store.ts";
import { advertisementOf, type Broadcast, broadcastOf, nextKind } from "./carousel.ts";
import { eraseBefore, type GuardState, stepGuard } from "./clock-guard.ts";
import { OnAir } from "./on-air.ts";
import { BOOT_MARK_BYTES } from "./state-slot.ts";
import { TrustWatch } from "./trust-watch.ts";

/** A frame every 100 to 200 ms: a scanner that listens for a tenth of the time, passing for 20 s, misses 0.1 % of keys. */
const FRAME_MIN_MS = 100;
const FRAME_SPREAD_MS = 100;
/** A step this late, or boot time this far ahead of running time: the machine slept. */
const SLEPT_SECONDS = 5;

/** How the wall clock is used; `outside-cards`: trusted, but no card is for that day; `went-back`: its epoch is erased. */
export type ClockUse = "trusted" | "untrusted" | "outside-cards" | "went-back";

/** What a person may want to know. Never holds keys, identifiers or addresses. */
export type BeaconEvent =
  | { readonly type: "clock"; readonly use: ClockUse }
  | { readonly type: "radio"; readonly isWorking: boolean };

/** What a beacon is made of. */
export interface BeaconParts {
  readonly crypto: CryptoSuite;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly trust: ClockTrust;
  readonly advertiser: Advertiser;
  readonly store: CardStore;
  readonly onEvent: (event: BeaconEvent) => void;
}

interface OnAirNow {
  readonly index: number;
  readonly broadcast: Broadcast;
  readonly address: Uint8Array;
}

interface Moment {
  readonly bootSeconds: number;
  readonly runSeconds: number;
}

/**
 * Broadcasts the key of each epoch. Invariant: what an epoch needs is on disk, and what has passed is erased, before
 * its first frame; key, tag and address change with one call of the advertiser.
 */
export class Beacon implements Stepper {
  readonly #parts: BeaconParts;
  readonly #watch: TrustWatch;
  readonly #onAir: OnAir;
  readonly #bootMark: string;
  #guard: GuardState;
  #erasedBefore = -1;
  #now: OnAirNow | null = null;
  #kind: PieceKind = 0;
  #use: ClockUse | null = null;
  #next: Moment | null = null;

  constructor(parts: BeaconParts) {
    const { crypto, trust, clock, advertiser, store, onEvent } = parts;
    this.#parts = parts;
    this.#watch = new TrustWatch(trust, clock);
    this.#onAir = new OnAir(advertiser, (isWorking) => onEvent({ type: "radio", isWorking }));
    this.#bootMark = toHex(crypto.blake2b(BOOT_MARK_BYTES, ascii(trust.bootId())));
    this.#guard = store.guard;
  }

  /** Takes the radio; the first step says the first frame. @throws {Failure} */
  async start(): Promise<void> {
    await this.#watch.askIfDue();
    await this.#onAir.start();
  }

  /**
   * Says one frame, of a new epoch when it is time.
   * @throws {Failure} noBluetooth when the radio is lost, keyMissing when no card is left.
   */
  async step(): Promise<number> {
    if (this.#hasSlept()) this.#onAir.forget();
    const { broadcast, address, minute } = this.#advance();
    this.#kind = nextKind(this.#kind, this.#parts.random);
    const retryMs = await this.#onAir.show(advertisementOf(broadcast, this.#kind, minute), address);
    const pauseMs = retryMs ?? FRAME_MIN_MS + FRAME_SPREAD_MS * randomFraction(this.#parts.random);
    const waitMs = Math.max(0, pauseMs - (await this.#askTrust()));
    const { bootSeconds, runSeconds } = this.#moment();
    this.#next = {
      bootSeconds: bootSeconds + waitMs / 1000,
      runSeconds: runSeconds + waitMs / 1000,
    };
    return waitMs;
  }

  /** Ends the broadcast; settles when the radio is quiet. */
  stop(): Promise<void> {
    return this.#onAir.stop();
  }

  #advance(): OnAirNow & { readonly minute: number } {
    const { store, clock, trust } = this.#parts;
    const isSynchronised = this.#watch.look();
    const input = {
      wall: clock.nowMs() / 1000,
      bootSeconds: trust.bootSeconds(),
      bootMark: this.#bootMark,
      isSynchronised,
    };
    this.#guard = stepGuard(this.#guard, input, store.ledger);
    const { airing } = this.#guard;
    if (airing === null) throw usedUp();
    this.#commitIfChanged({ ...this.#guard, airing });
    if (this.#now?.index !== airing.index) this.#now = this.#prepare(airing.index);
    this.#tellUse(isSynchronised, airing);
    return { ...this.#now, minute: airingMinute(airing) };
  }

  #commitIfChanged(guard: GuardState & { readonly airing: Airing }): void {
    const before = eraseBefore(guard.floor, guard.airing);
    if (this.#now?.index === guard.airing.index && this.#erasedBefore === before) return;
    this.#parts.store.commit(guard);
    this.#erasedBefore = before;
  }

  #prepare(index: number): OnAirNow {
    const { crypto, random, store } = this.#parts;
    const broadcast = broadcastOf(crypto, store.ledger.keysOf(index));
    return { index, broadcast, address: randomAddress(random) };
  }

  #tellUse(isSynchronised: boolean, airing: Airing): void {
    const use = useOf(isSynchronised, airing);
    if (use === this.#use) return;
    this.#use = use;
    this.#parts.onEvent({ type: "clock", use });
  }

  /** Milliseconds that asking took: they come off the pause, so that frames keep their rhythm. */
  async #askTrust(): Promise<number> {
    const startMs = this.#parts.clock.monotonicMs();
    await this.#watch.askIfDue();
    return this.#parts.clock.monotonicMs() - startMs;
  }

  #hasSlept(): boolean {
    if (this.#next === null) return false;
    const { bootSeconds, runSeconds } = this.#moment();
    return (
      runSeconds - this.#next.runSeconds > SLEPT_SECONDS ||
      bootSeconds - this.#next.bootSeconds > SLEPT_SECONDS
    );
  }

  #moment(): Moment {
    const { trust, clock } = this.#parts;
    return { bootSeconds: trust.bootSeconds(), runSeconds: clock.monotonicMs() / 1000 };
  }
}

function useOf(isSynchronised: boolean, airing: Airing): ClockUse {
  if (airing.follows === "detour") return "went-back";
  if (!isSynchronised) return "untrusted";
  return airing.follows === "wall" ? "trusted" : "outside-cards";
}

function usedUp(): Failure {
  return new Failure(
    "keyMissing",
    "every card is used up: there is no key left to broadcast",
    "on the owner's computer: glowworm device add NAME; bring the file here, and remove the old state folder",
  );
}
