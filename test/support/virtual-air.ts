import { type RandomSource, randomFraction } from "@glowworm/protocol";
import type { FakeClock } from "@glowworm/protocol/testing";
import { type Pdu, VirtualController } from "./virtual-controller.ts";

/** Signal strength at which `to` hears `from`, dBm; null when this advertisement is lost. */
export type Link = (from: VirtualController, to: VirtualController) => number | null;

/** Controllers add up to this much to each interval. Core Specification, Vol 6, Part B, 4.4.2.2.1. */
const ADVERTISING_DELAY_MS = 10;
/** Time passes in steps no longer than this, so that everybody who sleeps meanwhile wakes about when it wants to. */
const STEP_MS = 100;

interface Turn {
  dueMs: number;
  readonly controller: VirtualController;
}

/** Several controllers that hear each other, on a clock that moves only in `advance`. Deterministic. */
export class VirtualAir {
  /** Everything that was said, in order. */
  readonly pdus: Pdu[] = [];
  readonly controllers: VirtualController[] = [];
  readonly #clock: FakeClock;
  readonly #random: RandomSource;
  readonly #link: Link;
  #turns: Turn[] = [];

  constructor(clock: FakeClock, random: RandomSource, link: Link = () => -60) {
    this.#clock = clock;
    this.#random = random;
    this.#link = link;
  }

  /** Adds a controller. */
  controller(options: { readonly hasExtended?: boolean } = {}): VirtualController {
    const address = Uint8Array.of(0x00, 0xaa, 0x01, 0x00, this.controllers.length, 0x42);
    const controller: VirtualController = new VirtualController(
      address,
      options.hasExtended ?? false,
      () => this.#reschedule(controller),
    );
    this.controllers.push(controller);
    return controller;
  }

  /** Lets time pass for the clock and everybody on the air. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#clock.monotonicMs() + ms;
    await settled();
    while (this.#clock.monotonicMs() < endMs) {
      const nowMs = this.#clock.monotonicMs();
      const dueMs = Math.min(...this.#turns.map((turn) => turn.dueMs));
      this.#clock.advance(Math.max(0, Math.min(dueMs, nowMs + STEP_MS, endMs) - nowMs));
      for (const turn of this.#turns.filter((one) => one.dueMs <= this.#clock.monotonicMs())) {
        this.#takeTurn(turn);
      }
      await settled();
    }
  }

  /** One extended advertisement. */
  sayExtended(from: VirtualController, address: Uint8Array, data: Uint8Array): void {
    const atMs = this.#clock.nowMs();
    this.#spread({ atMs, from, address, isRandomAddress: true, type: "extended", data });
  }

  #reschedule(controller: VirtualController): void {
    this.#turns = this.#turns.filter((turn) => turn.controller !== controller);
    const dueMs = this.#clock.monotonicMs() + this.#delayMs();
    if (controller.isAdvertising) this.#turns.push({ controller, dueMs });
  }

  #takeTurn(turn: Turn): void {
    const { controller } = turn;
    turn.dueMs = this.#clock.monotonicMs() + controller.intervalMs + this.#delayMs();
    if (controller.isAdvertising) this.#spread(controller.pdu(this.#clock.nowMs()));
  }

  #spread(pdu: Pdu): void {
    this.pdus.push(pdu);
    for (const listener of this.controllers) {
      const rssi = listener === pdu.from ? null : this.#link(pdu.from, listener);
      if (rssi !== null) listener.hear(pdu, rssi);
    }
  }

  #delayMs(): number {
    return randomFraction(this.#random) * ADVERTISING_DELAY_MS;
  }
}

/** Settles when everybody has reacted to everything that was said. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
