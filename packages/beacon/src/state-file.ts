import { type CryptoSuite, concat } from "@glowworm/protocol";
import type { Disk } from "./disk.ts";
import { type BeaconState, decodeSlot, encodeSlot, slotBytes } from "./state-slot.ts";

const STATE_FILE: string = "state";

/**
 * Two slots of the same state. A write goes first over the slot that is not the newest, then over the other: a crash
 * leaves one whole, and when a write has returned neither slot holds a seed of before.
 */
export class StateFile {
  readonly #crypto: CryptoSuite;
  readonly #disk: Disk;
  readonly #cardsMark: Uint8Array;
  readonly #cards: number;
  #sequence = 0;
  #newest: 0 | 1 = 1;
  #isThere = false;

  constructor(crypto: CryptoSuite, disk: Disk, cardsMark: Uint8Array, cards: number) {
    this.#crypto = crypto;
    this.#disk = disk;
    this.#cardsMark = cardsMark;
    this.#cards = cards;
  }

  /** The newest whole state; `missing` without a file, `damaged` when neither slot holds one. */
  read(): BeaconState | "missing" | "damaged" {
    const bytes = this.#disk.read(STATE_FILE);
    if (bytes === null) return "missing";
    const size = slotBytes(this.#cards);
    this.#isThere = bytes.length === 2 * size;
    const [a, b] = [this.#decode(bytes.subarray(0, size)), this.#decode(bytes.subarray(size))];
    this.#newest = a !== null && (b === null || a.sequence > b.sequence) ? 0 : 1;
    const newest = this.#newest === 0 ? a : b;
    if (newest === null) return "damaged";
    this.#sequence = newest.sequence;
    return newest.state;
  }

  /** Puts a state on disk, in both slots. */
  write(state: BeaconState): void {
    this.#sequence += 1;
    const size = slotBytes(this.#cards);
    const slot = encodeSlot(this.#crypto, this.#cardsMark, this.#cards, this.#sequence, state);
    if (this.#isThere) {
      const other = 1 - this.#newest;
      this.#disk.overwrite(STATE_FILE, other * size, slot);
      this.#disk.overwrite(STATE_FILE, this.#newest * size, slot);
    } else {
      this.#disk.replace(STATE_FILE, concat(slot, slot));
      this.#isThere = true;
    }
  }

  #decode(slot: Uint8Array): ReturnType<typeof decodeSlot> {
    return decodeSlot(this.#crypto, this.#cardsMark, this.#cards, slot);
  }
}
