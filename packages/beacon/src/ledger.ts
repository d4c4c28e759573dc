import {
  advanceSeed,
  type CryptoSuite,
  type DayCard,
  EPOCHS_PER_DAY,
  isAllZero,
} from "@glowworm/protocol";
import type { Calendar } from "./airing.ts";
import { bitmapBytes, hasBit, setBit } from "./bitmap.ts";

/** Days begun but not used up. Two are usual; each further one takes a time server that lied for a day. */
export const HEADS_MAX: number = 8;

/** Where the chain of a day stands: `seed` is `S_{w,epoch}`, and nothing before it can be had. */
export interface Head {
  /** Number of the card in the file. */
  readonly card: number;
  /** 1 to 287. */
  readonly epoch: number;
  readonly seed: Uint8Array;
}

/** What a state file says about the cards. */
export interface LedgerState {
  readonly heads: readonly Head[];
  /** One bit a card: whether any epoch of that day was aired. */
  readonly aired: Uint8Array;
  /** One bit a card: whether its seed is erased. Goes to disk first, so that a torn overwrite is never taken for a seed. */
  readonly erased: Uint8Array;
}

/**
 * The cards and what has been erased of each. Invariant: of a card only epochs from its erased mark on can be
 * derived, and the mark never moves back.
 */
export class Ledger implements Calendar {
  readonly #crypto: CryptoSuite;
  readonly #cards: readonly DayCard[];
  readonly #firstDay: number;
  readonly #aired: Uint8Array;
  readonly #heads: Map<number, Head>;

  /** `cards` must have zeros for the seeds that `state` calls erased; they are overwritten as more are erased. */
  constructor(crypto: CryptoSuite, cards: readonly DayCard[], state: LedgerState) {
    this.#crypto = crypto;
    this.#cards = cards;
    this.#firstDay = cards[0]?.day ?? 0;
    this.#aired = state.aired.slice();
    this.#heads = new Map(state.heads.map((head) => [head.card, head]));
  }

  get first(): number {
    return this.#firstDay * EPOCHS_PER_DAY;
  }

  get end(): number {
    return this.first + this.#cards.length * EPOCHS_PER_DAY;
  }

  get state(): LedgerState {
    const erased = new Uint8Array(bitmapBytes(this.#cards.length));
    for (const [card, { seed }] of this.#cards.entries()) if (isAllZero(seed)) setBit(erased, card);
    return { heads: [...this.#heads.values()], aired: this.#aired.slice(), erased };
  }

  nextUnerased(index: number): number | null {
    const count = this.#cards.length;
    const from = index >= this.end ? this.first : index;
    const { card, epoch } = this.#locate(from);
    const erased = this.#erasedEpochs(card);
    if (erased <= epoch) return from;
    for (let step = 0; step < count; step++) {
      const candidate = (card + step) % count;
      const mark = this.#erasedEpochs(candidate);
      if (mark < EPOCHS_PER_DAY) return this.#indexOf(candidate, mark);
    }
    return null;
  }

  /** Seed `S_{w,e}` of an epoch that is not erased, and the public key `B_w` of its day. */
  keysOf(index: number): { readonly seed: Uint8Array; readonly publicKey: Uint8Array } {
    const { card, epoch } = this.#locate(index);
    const { publicKey } = this.#cardAt(card);
    return { seed: this.#seedAt(card, epoch), publicKey };
  }

  /** Notes that an epoch of this day is going on the air. */
  markAired(index: number): void {
    const { card } = this.#locate(index);
    setBit(this.#aired, card);
  }

  /** Erases what lies before `index` in days that were aired; seeds that are used up become zeros in the cards. */
  eraseBefore(index: number): void {
    const limit = Math.min(Math.max(index, this.first), this.end);
    const last = Math.floor((limit - this.first) / EPOCHS_PER_DAY);
    for (let card = 0; card <= last && card < this.#cards.length; card++) {
      const epoch = card < last ? EPOCHS_PER_DAY : limit - this.#indexOf(card, 0);
      if (hasBit(this.#aired, card) && this.#erasedEpochs(card) < epoch) this.#erase(card, epoch);
    }
    this.#dropFarHeads();
  }

  #erase(card: number, epoch: number): void {
    if (epoch === EPOCHS_PER_DAY) this.#heads.delete(card);
    else this.#heads.set(card, { card, epoch, seed: this.#seedAt(card, epoch) });
    this.#cardAt(card).seed.fill(0);
  }

  /** With no room to remember one more day begun, the one furthest ahead is given up whole. */
  #dropFarHeads(): void {
    const excess = [...this.#heads.keys()].sort((a, b) => a - b).slice(HEADS_MAX);
    for (const card of excess) this.#erase(card, EPOCHS_PER_DAY);
  }

  #seedAt(card: number, epoch: number): Uint8Array {
    const head = this.#heads.get(card) ?? { epoch: 0, seed: this.#cardAt(card).seed };
    return advanceSeed(this.#crypto, head.seed, head.epoch, epoch).slice();
  }

  #erasedEpochs(card: number): number {
    const head = this.#heads.get(card);
    if (head !== undefined) return head.epoch;
    return isAllZero(this.#cardAt(card).seed) ? EPOCHS_PER_DAY : 0;
  }

  #locate(index: number): { card: number; epoch: number } {
    const offset = index - this.first;
    return { card: Math.floor(offset / EPOCHS_PER_DAY), epoch: offset % EPOCHS_PER_DAY };
  }

  #indexOf(card: number, epoch: number): number {
    return this.first + card * EPOCHS_PER_DAY + epoch;
  }

  #cardAt(card: number): DayCard {
    const found = this.#cards[card];
    if (found === undefined) throw new RangeError(`card ${card} of ${this.#cards.length}`);
    return found;
  }
}
