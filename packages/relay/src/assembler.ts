import {
  type CryptoSuite,
  EPOCH_SECONDS,
  equalBytes,
  type Frame,
  joinPieces,
  type PieceFrame,
  type PieceKind,
  piecesOf,
  tagOf,
  toHex,
} from "@glowworm/protocol";
import { type Hearing, Trace } from "./trace.ts";

/** A rebuilt key and what is known of its frames. The trace goes on growing while the key is on the air. */
export interface HeardKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly trace: Trace;
}

/** How many tags are remembered. */
export interface AssemblerLimits {
  /** Tags of which a single frame was heard: the cheapest to invent, so they have a table of their own. */
  readonly single: number;
  /** Tags of which more was heard. */
  readonly repeated: number;
}

/**
 * 2,048 accessories around one relay; a flood of invented single frames needs 4,096 of them between two frames of
 * a beacon (100 to 200 ms) to push it out. About 4 kB a tag in earnest, 25 kB where somebody fills every slot.
 */
export const ASSEMBLER_LIMITS: AssemblerLimits = { single: 4096, repeated: 2048 };

/** A key lives for an epoch; the rest covers a beacon whose epochs start late. */
const TAG_LIFE_MS: number = (EPOCH_SECONDS + 60) * 1000;
/** Pieces kept of a kind: the newest. A new piece is thus checked against eight others at most: eight hashes. */
const PIECES_PER_KIND = 4;
/** Two keys with one tag are a 48-bit collision: rare, but nobody's key may be hidden behind it. */
const KEYS_PER_TAG = 4;

interface StoredPiece {
  readonly frame: PieceFrame;
  readonly trace: Trace;
}

interface CompletedKey extends HeardKey {
  readonly pieces: readonly [Uint8Array, Uint8Array, Uint8Array];
}

interface TagEntry {
  readonly firstMs: number;
  readonly pieces: Record<PieceKind, StoredPiece[]>;
  readonly keys: CompletedKey[];
}

/**
 * Rebuilds keys from frames of many beacons, in any order. Invariants: never more tags than the limits say, never
 * more than four pieces a kind and four keys a tag, and no key whose tag does not match. Takes any frame, never throws.
 * @see docs/protocol.md section 5.5
 */
export class Assembler {
  readonly #crypto: CryptoSuite;
  readonly #limits: AssemblerLimits;
  /** Both in the order in which tags were last heard. */
  readonly #single = new Map<string, TagEntry>();
  readonly #repeated = new Map<string, TagEntry>();

  constructor(crypto: CryptoSuite, limits: AssemblerLimits = ASSEMBLER_LIMITS) {
    this.#crypto = crypto;
    this.#limits = limits;
  }

  /** Tags remembered. */
  get size(): number {
    return this.#single.size + this.#repeated.size;
  }

  /** Takes a frame in; the key it belongs to, or null while that is not known. */
  hear(frame: Frame, hearing: Hearing): HeardKey | null {
    if (frame.type === "piece") return this.#hearPiece(frame, hearing);
    const entry = this.#entry(tagOf(this.#crypto, frame.publicKey), hearing.atMs);
    const known = entry.keys.find((key) => equalBytes(key.publicKey, frame.publicKey));
    if (known === undefined) return complete(entry, frame.publicKey, new Trace(hearing));
    known.trace.add(hearing);
    return known;
  }

  /** Forgets tags first heard longer ago than a key lives, or in what is now the future. */
  expire(nowMs: number): void {
    for (const table of [this.#single, this.#repeated]) {
      for (const [tag, entry] of table) {
        if (Math.abs(nowMs - entry.firstMs) > TAG_LIFE_MS) table.delete(tag);
      }
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#single.clear();
    this.#repeated.clear();
  }

  #hearPiece(frame: PieceFrame, hearing: Hearing): HeardKey | null {
    const entry = this.#entry(frame.tag, hearing.atMs);
    const known = entry.keys.find((key) => equalBytes(key.pieces[frame.kind], frame.piece));
    if (known !== undefined) {
      known.trace.add(hearing);
      return known;
    }
    const stored = takePiece(entry, frame.kind, frame.piece);
    if (stored !== null) {
      stored.trace.add(hearing);
      entry.pieces[frame.kind].push(stored);
      return null;
    }
    const publicKey = this.#join(entry, frame);
    if (publicKey !== null) return complete(entry, publicKey, new Trace(hearing));
    storePiece(entry, { frame, trace: new Trace(hearing) });
    return null;
  }

  #join(entry: TagEntry, frame: PieceFrame): Uint8Array | null {
    for (const kind of KINDS) {
      if (kind === frame.kind) continue;
      for (const other of entry.pieces[kind]) {
        const publicKey = joinPieces(this.#crypto, frame, other.frame);
        if (publicKey !== null) return publicKey;
      }
    }
    return null;
  }

  #entry(tag: Uint8Array, atMs: number): TagEntry {
    const name = toHex(tag);
    const known = this.#repeated.get(name) ?? this.#single.get(name);
    if (known === undefined) {
      const entry: TagEntry = { firstMs: atMs, pieces: { 0: [], 1: [], 2: [] }, keys: [] };
      return put(this.#single, this.#limits.single, name, entry);
    }
    this.#single.delete(name);
    this.#repeated.delete(name);
    return put(this.#repeated, this.#limits.repeated, name, known);
  }
}

const KINDS: readonly PieceKind[] = [0, 1, 2];

/** Puts an entry at the young end of a table and drops the oldest one when there are too many. */
function put(table: Map<string, TagEntry>, limit: number, name: string, entry: TagEntry): TagEntry {
  table.set(name, entry);
  if (table.size > limit) {
    const [oldest] = table.keys();
    if (oldest !== undefined) table.delete(oldest);
  }
  return entry;
}

/** Makes a key known; what was heard of its pieces before counts for it. */
function complete(entry: TagEntry, publicKey: Uint8Array, trace: Trace): HeardKey {
  const pieces = piecesOf(publicKey);
  for (const kind of KINDS) {
    const stored = takePiece(entry, kind, pieces[kind]);
    if (stored !== null) trace.absorb(stored.trace);
  }
  const key: CompletedKey = { publicKey, trace, pieces };
  entry.keys.push(key);
  if (entry.keys.length > KEYS_PER_TAG) entry.keys.shift();
  return key;
}

function storePiece(entry: TagEntry, stored: StoredPiece): void {
  const list = entry.pieces[stored.frame.kind];
  list.push(stored);
  if (list.length > PIECES_PER_KIND) list.shift();
}

/** Removes a stored piece and returns it, or null when it is not there. */
function takePiece(entry: TagEntry, kind: PieceKind, piece: Uint8Array): StoredPiece | null {
  const list = entry.pieces[kind];
  const at = list.findIndex((stored) => equalBytes(stored.frame.piece, piece));
  return list.splice(at, at < 0 ? 0 : 1)[0] ?? null;
}
