import {
  ByteReader,
  ByteWriter,
  type CryptoSuite,
  concat,
  DecodeError,
  EPOCHS_PER_DAY,
  equalBytes,
  fromHex,
  KEY_BYTES,
  labelledHash,
  toHex,
} from "@glowworm/protocol";
import type { Airing } from "./airing.ts";
import { bitmapBytes } from "./bitmap.ts";
import type { GuardState } from "./clock-guard.ts";
import { HEADS_MAX, type Head, type LedgerState } from "./ledger.ts";

export const BOOT_MARK_BYTES: number = 16;
/** What ties a state to its card file: the bytes that stand before the cards. */
export const CARDS_MARK_BYTES: number = 16;
/** A slot is a whole number of these, so that writing one never touches a sector of the other. */
const BLOCK_BYTES = 4096;
const CHECK_BYTES = 16;
const HEAD_BYTES: number = 4 + 2 + KEY_BYTES;
const FIXED_BYTES: number = 4 + CARDS_MARK_BYTES + 4 * 4 + BOOT_MARK_BYTES + 4 + 1 + 3 * 4 + 1;
const H_STATE = "glowworm/1 beacon state";
const FOLLOWS = ["wall", "floor", "detour"] as const;

/** All that a beacon remembers beside its cards. */
export interface BeaconState {
  readonly guard: GuardState & { readonly airing: Airing };
  readonly ledger: LedgerState;
}

/** Bytes of one slot for a number of cards. */
export function slotBytes(cards: number): number {
  const used = FIXED_BYTES + HEADS_MAX * HEAD_BYTES + 2 * bitmapBytes(cards) + CHECK_BYTES;
  return Math.ceil(used / BLOCK_BYTES) * BLOCK_BYTES;
}

/** Bytes of a slot. Times are rounded so that a floor never runs ahead: it down, boot time up. */
export function encodeSlot(
  crypto: CryptoSuite,
  cardsMark: Uint8Array,
  cards: number,
  sequence: number,
  state: BeaconState,
): Uint8Array {
  const { guard, ledger } = state;
  const heads = new ByteWriter(HEADS_MAX * HEAD_BYTES);
  for (const head of ledger.heads) writeHead(heads, head);
  for (let rest = ledger.heads.length; rest < HEADS_MAX; rest++) writeHead(heads, null);
  const fixed = new ByteWriter(FIXED_BYTES)
    .u32("state.sequence", sequence)
    .bytes("state.cards", cardsMark, CARDS_MARK_BYTES)
    .u32("state.floor", Math.floor(guard.floor))
    .u32("state.anchor", Math.floor(guard.anchor))
    .u32("state.claim", Math.floor(guard.claim))
    .u32("state.steady", Math.floor(guard.steadySeconds))
    .bytes("state.boot", fromHex(guard.bootMark), BOOT_MARK_BYTES)
    .u32("state.boot_seconds", Math.ceil(guard.bootSeconds))
    .u8("state.settled", guard.isSettled ? 1 : 0)
    .u32("state.airing", guard.airing.index)
    .u32("state.base", guard.airing.base)
    .u32("state.airing_seconds", Math.floor(guard.airing.seconds))
    .u8("state.follows", FOLLOWS.indexOf(guard.airing.follows))
    .finish();
  const used = concat(fixed, heads.finish(), ledger.aired, ledger.erased);
  const body = new Uint8Array(slotBytes(cards) - CHECK_BYTES);
  body.set(used);
  return concat(labelledHash(crypto, CHECK_BYTES, H_STATE, body), body);
}

/**
 * The state in a slot and its sequence number, or null when the slot is torn, damaged or about other cards: with two
 * slots that is a normal case.
 */
export function decodeSlot(
  crypto: CryptoSuite,
  cardsMark: Uint8Array,
  cards: number,
  bytes: Uint8Array,
): { readonly sequence: number; readonly state: BeaconState } | null {
  if (bytes.length !== slotBytes(cards)) return null;
  const body = bytes.subarray(CHECK_BYTES);
  const check = labelledHash(crypto, CHECK_BYTES, H_STATE, body);
  if (!equalBytes(check, bytes.subarray(0, CHECK_BYTES))) return null;
  try {
    return readBody(new ByteReader(body), cardsMark, cards);
  } catch (error) {
    // Sound, but made beside more cards than there are now: the card file was cut short.
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

function readBody(
  reader: ByteReader,
  cardsMark: Uint8Array,
  cards: number,
): { readonly sequence: number; readonly state: BeaconState } | null {
  const sequence = reader.u32("state.sequence");
  if (!equalBytes(reader.bytes("state.cards", CARDS_MARK_BYTES), cardsMark)) return null;
  const guard = readGuard(reader);
  const heads = Array.from({ length: HEADS_MAX }, () => readHead(reader, cards));
  const aired = reader.bytes("state.aired", bitmapBytes(cards));
  const erased = reader.bytes("state.erased", bitmapBytes(cards));
  const ledger = { heads: heads.filter((head) => head !== null), aired, erased };
  return { sequence, state: { guard, ledger } };
}

function readGuard(reader: ByteReader): BeaconState["guard"] {
  return {
    floor: reader.u32("state.floor"),
    anchor: reader.u32("state.anchor"),
    claim: reader.u32("state.claim"),
    steadySeconds: reader.u32("state.steady"),
    bootMark: toHex(reader.bytes("state.boot", BOOT_MARK_BYTES)),
    bootSeconds: reader.u32("state.boot_seconds"),
    isSettled: reader.u8("state.settled") === 1,
    airing: readAiring(reader),
  };
}

function readAiring(reader: ByteReader): Airing {
  const index = reader.u32("state.airing");
  const base = reader.u32("state.base");
  const seconds = reader.u32("state.airing_seconds");
  const at = reader.offset;
  const follows = FOLLOWS[reader.u8("state.follows")];
  if (follows === undefined) throw new DecodeError("bad-value", "state.follows", at);
  return { index, base, seconds, follows };
}

/** A head is written with its card number plus one: zero marks an empty place. */
function writeHead(writer: ByteWriter, head: Head | null): void {
  writer
    .u32("state.head_card", head === null ? 0 : head.card + 1)
    .u16("state.head_epoch", head?.epoch ?? 0)
    .bytes("state.head_seed", head?.seed ?? new Uint8Array(KEY_BYTES), KEY_BYTES);
}

function readHead(reader: ByteReader, cards: number): Head | null {
  const at = reader.offset;
  const card = reader.u32("state.head_card") - 1;
  const epoch = reader.u16("state.head_epoch");
  const seed = reader.bytes("state.head_seed", KEY_BYTES);
  if (card < 0) return null;
  if (card >= cards || epoch >= EPOCHS_PER_DAY) {
    throw new DecodeError("bad-value", "state.head_card", at);
  }
  return { card, epoch, seed };
}
