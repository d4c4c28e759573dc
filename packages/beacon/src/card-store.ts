import { Failure } from "@glowworm/platform";
import {
  ascii,
  CARD_BYTES,
  CARD_FILE_HEADER_BYTES,
  type CardFile,
  type CryptoSuite,
  DAY_SECONDS,
  type DayCard,
  DecodeError,
  decodeCardFile,
  EPOCH_SECONDS,
  equalBytes,
  isAllZero,
  seedOffset,
  type UnixSeconds,
} from "@glowworm/protocol";
import type { Airing } from "./airing.ts";
import { bitmapBytes, hasBit } from "./bitmap.ts";
import { eraseBefore, type GuardState, newGuard } from "./clock-guard.ts";
import type { Disk } from "./disk.ts";
import { Ledger, type LedgerState } from "./ledger.ts";
import { StateFile } from "./state-file.ts";
import { CARDS_MARK_BYTES } from "./state-slot.ts";

const CARDS_FILE: string = "cards";
const BACKUP_TAG_FILE: string = "CACHEDIR.TAG";
const SEED_BYTES = 32;
/** Times are stored in 32 bits, so no card may reach past 2106-02-07. */
const TIME_MAX = 0xffffffff;
/** A restored copy would bring back erased seeds. Backup programs leave out a folder that holds this file. */
const BACKUP_TAG = `Signature: 8a477f597d28d172789f06886806bc55
# Erased keys must not come back from a backup. See https://bford.info/cachedir/
`;
const HOW_TO_GET_CARDS =
  "on the owner's computer: glowworm device add NAME; bring the file here; then: glowworm beacon run --cards FILE";

/** How much was known at the start: `new` cards, state `kept` from before, or state `lost` while cards were in use. */
export type StoreOrigin = "new" | "kept" | "lost";

/**
 * Cards and state of a beacon on disk. Invariant: when `commit` has returned, nothing in the folder leads to an
 * epoch before the one committed, in days that were aired and as far as the floor goes; and a crash at any write
 * leaves a folder that opens.
 */
export class CardStore {
  readonly ledger: Ledger;
  readonly origin: StoreOrigin;
  /** The guard as it was last committed. */
  readonly guard: GuardState;
  readonly #disk: Disk;
  readonly #cards: readonly DayCard[];
  readonly #stateFile: StateFile;
  /** Cards whose seed still stands in the card file. */
  readonly #seedsOnDisk: Set<number>;

  /** Reads cards and state. @throws {Failure} keyMissing when there is no card file, or a damaged one. */
  constructor(crypto: CryptoSuite, disk: Disk) {
    const bytes = disk.read(CARDS_FILE);
    if (bytes === null) {
      throw new Failure(
        "keyMissing",
        `no cards: ${disk.pathOf(CARDS_FILE)} is missing`,
        HOW_TO_GET_CARDS,
      );
    }
    const count = Math.floor((bytes.length - CARD_FILE_HEADER_BYTES) / CARD_BYTES);
    const mark = bytes.slice(CARD_FILE_HEADER_BYTES - CARDS_MARK_BYTES, CARD_FILE_HEADER_BYTES);
    this.#stateFile = new StateFile(crypto, disk, mark, Math.max(count, 0));
    const state = this.#stateFile.read();
    const isKept = state !== "missing" && state !== "damaged";
    this.#seedsOnDisk = seedsIn(bytes, count);
    if (isKept) blankErased(bytes, state.ledger.erased, count);
    const { createdAt, cards } = decodeCards(crypto, bytes, disk.pathOf(CARDS_FILE));
    this.#disk = disk;
    this.#cards = cards;
    const isNew = state === "missing" && this.#seedsOnDisk.size === count;
    this.origin = isKept ? "kept" : isNew ? "new" : "lost";
    this.guard = isKept ? state.guard : newGuard(firstFloor(createdAt, cards));
    this.ledger = new Ledger(crypto, cards, isKept ? state.ledger : emptyLedger(count));
  }

  /** First and last day of the cards. */
  get days(): { readonly first: number; readonly last: number } {
    const first = this.#cards[0]?.day ?? 0;
    return { first, last: first + this.#cards.length - 1 };
  }

  /**
   * Puts on disk what must be there before the epoch of `guard.airing` goes on the air, and erases what has passed.
   * The state comes first: a seed may only go once what follows from it is kept.
   */
  commit(guard: GuardState & { readonly airing: Airing }): void {
    this.ledger.markAired(guard.airing.index);
    this.ledger.eraseBefore(eraseBefore(guard.floor, guard.airing));
    this.#stateFile.write({ guard, ledger: this.ledger.state });
    const zeros = new Uint8Array(SEED_BYTES);
    for (const card of this.#seedsOnDisk) {
      if (!isAllZero(this.#cards[card]?.seed ?? zeros)) continue;
      this.#disk.overwrite(CARDS_FILE, seedOffset(card), zeros);
      this.#seedsOnDisk.delete(card);
    }
  }
}

/** Numbers of the cards whose seed stands in the bytes of a card file, whole or torn. */
function seedsIn(bytes: Uint8Array, count: number): Set<number> {
  const numbers = Array.from({ length: Math.max(count, 0) }, (_, card) => card);
  return new Set(numbers.filter((card) => !isAllZero(seedAt(bytes, card))));
}

/** Finishes in memory what a power cut may have left half erased on disk. */
function blankErased(bytes: Uint8Array, erased: Uint8Array, count: number): void {
  for (let card = 0; card < count; card++) if (hasBit(erased, card)) seedAt(bytes, card).fill(0);
}

function seedAt(bytes: Uint8Array, card: number): Uint8Array {
  return bytes.subarray(seedOffset(card), seedOffset(card) + SEED_BYTES);
}

function emptyLedger(count: number): LedgerState {
  const none = new Uint8Array(bitmapBytes(count));
  return { heads: [], aired: none, erased: none };
}

/**
 * Copies a card file into the state folder.
 * @throws {Failure} when it is damaged or in use already, and when the folder holds other cards.
 */
export function importCards(
  crypto: CryptoSuite,
  disk: Disk,
  bytes: Uint8Array,
  source: string,
): void {
  const { cards } = decodeCards(crypto, bytes, source);
  if (cards.some((card) => isAllZero(card.seed))) {
    throw new Failure("keyMissing", `${source} was in use on a beacon already`, HOW_TO_GET_CARDS);
  }
  const present = disk.read(CARDS_FILE);
  if (present === null) {
    disk.replace(BACKUP_TAG_FILE, ascii(BACKUP_TAG));
    disk.replace(CARDS_FILE, bytes);
    return;
  }
  const header = (file: Uint8Array): Uint8Array => file.subarray(0, CARD_FILE_HEADER_BYTES);
  if (equalBytes(header(present), header(bytes))) return;
  throw new Failure(
    "usage",
    `${disk.pathOf(CARDS_FILE)} holds other cards than ${source}`,
    "to start over with the new ones, first remove that folder; to go on with the old ones, leave out --cards",
  );
}

function decodeCards(crypto: CryptoSuite, bytes: Uint8Array, path: string): CardFile {
  try {
    const file = decodeCardFile(crypto, bytes);
    const endDay = (file.cards[0]?.day ?? 0) + file.cards.length;
    if (file.cards.length === 0 || endDay * DAY_SECONDS > TIME_MAX) {
      throw new DecodeError("bad-value", "cards.count", 0, "no days, or days past 2106");
    }
    return file;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new Failure("keyMissing", `${path}: ${error.message}`, HOW_TO_GET_CARDS, {
      cause: error,
    });
  }
}

/**
 * A time that has passed when no state says so. A seed is erased only once the second epoch of its day has begun, so
 * the last erased one proves that much.
 */
function firstFloor(createdAt: UnixSeconds, cards: readonly DayCard[]): UnixSeconds {
  const first = (cards[0]?.day ?? 0) * DAY_SECONDS;
  const lastErased = cards.findLast((card) => isAllZero(card.seed));
  const proven = lastErased === undefined ? 0 : lastErased.day * DAY_SECONDS + EPOCH_SECONDS;
  return Math.max(createdAt, first, proven);
}
