import { appendFileSync } from "node:fs";
import { dirname } from "node:path";
import { makePrivateFolder, replaceFile } from "@glowworm/platform";
import {
  ascii,
  ByteReader,
  ByteWriter,
  type CryptoSuite,
  concat,
  HASH_BYTES,
  PAGE_BYTES,
  type RandomSource,
  toHex,
} from "@glowworm/protocol";
import type { CacheTrouble } from "../cache-trouble.ts";
import { firstKeptOf, type HourWindow } from "./hour-window.ts";
import { readTail } from "./read-tail.ts";

const LABEL: Uint8Array = ascii("glowworm hit pages 1");
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CONTENT_BYTES = 4 + HASH_BYTES + PAGE_BYTES;
const BLOCK_BYTES = NONCE_BYTES + CONTENT_BYTES + TAG_BYTES;
/** Pages of one device, 279 MB: twice as many as when it is heard in every epoch of two weeks. */
export const HIT_PAGES_MAX: number = 8192;

/** What the pages of one device are kept with. */
export interface HitPagesDeps {
  readonly crypto: CryptoSuite;
  readonly random: RandomSource;
  readonly trouble: CacheTrouble;
  /** Device key: the file is sealed under a key made from it. */
  readonly deviceKey: Uint8Array;
  readonly path: string;
}

interface Block {
  readonly hash: string;
  readonly hour: number;
  readonly page: Uint8Array;
  readonly sealed: Uint8Array;
}

/**
 * Pages of hours with a filter that were fetched for one device, each once: asking for a page again would tell the server
 * that the same owner is back. Blocks `nonce(12) || sealed(hour(4) || page hash(32) || page)`, sealed since they are
 * there for what they hold: in the clear they would tell a thief of this disk 256 ids of which one is the device's.
 */
export class HitPages {
  readonly #deps: HitPagesDeps;
  readonly #key: Uint8Array;
  readonly #max: number;
  readonly #kept = new Map<string, Uint8Array>();
  /** Whether the file ends with a whole block, and takes another. */
  #isSound: boolean;

  /**
   * Reads what is on disk. Of hours two months before the newest, and of what is damaged, nothing is left there; of `max`
   * pages or more, three quarters: hours after the window go first, then the oldest.
   */
  constructor(deps: HitPagesDeps, window: HourWindow, max: number = HIT_PAGES_MAX) {
    this.#deps = deps;
    this.#max = max;
    this.#key = deps.crypto.hmacSha256(deps.deviceKey, LABEL);
    const file = deps.trouble.attempt(() => readTail(deps.path, BLOCK_BYTES, max));
    const stored = this.#open(file?.bytes ?? new Uint8Array());
    const first = firstKeptOf(window, stored);
    const blocks = stored.filter(({ hour }) => hour >= first);
    const ageOf = ({ hour }: Block): number => (hour > window.last ? 0 : hour);
    const isFull = blocks.length >= max;
    const newest = blocks.toSorted((a, b) => ageOf(b) - ageOf(a));
    const kept = isFull ? newest.slice(0, Math.floor((max * 3) / 4)) : blocks;
    for (const { hash, page } of kept) this.#kept.set(hash, page);
    const isAsOnDisk = file === null || kept.length * BLOCK_BYTES === file.size;
    this.#isSound = isAsOnDisk || this.#rewrite(kept);
  }

  /** Records of all pages, one block a page. */
  records(): Iterable<Uint8Array> {
    return this.#kept.values();
  }

  has(pageHash: Uint8Array): boolean {
    return this.#kept.has(toHex(pageHash));
  }

  /** Keeps a page that was checked: on disk as far as that goes, in memory until this lookup ends. */
  add(hour: number, pageHash: Uint8Array, page: Uint8Array): void {
    const { trouble, path } = this.#deps;
    const isRoom = this.#kept.size < this.#max;
    this.#kept.set(toHex(pageHash), page);
    if (!this.#isSound || !isRoom) return;
    const block = this.#seal(hour, pageHash, page);
    const isWritten = trouble.attempt(() => {
      makePrivateFolder(dirname(path));
      appendFileSync(path, block, { mode: 0o600 });
      return true;
    });
    // A torn block would shift what comes after it; the next lookup cuts it off.
    this.#isSound = isWritten !== null;
  }

  #seal(hour: number, pageHash: Uint8Array, page: Uint8Array): Uint8Array {
    const { crypto, random } = this.#deps;
    const nonce = random.bytes(NONCE_BYTES);
    const content = concat(new ByteWriter(4).u32("hour", hour).finish(), pageHash, page);
    return concat(nonce, crypto.aeadSeal(this.#key, nonce, LABEL, content));
  }

  #open(bytes: Uint8Array): readonly Block[] {
    const found = new Map<string, Block>();
    for (let at = 0; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) {
      const block = this.#openBlock(bytes.subarray(at, at + BLOCK_BYTES));
      if (block !== null) found.set(block.hash, block);
    }
    return [...found.values()];
  }

  #openBlock(sealed: Uint8Array): Block | null {
    const nonce = sealed.subarray(0, NONCE_BYTES);
    const rest = sealed.subarray(NONCE_BYTES);
    const content = this.#deps.crypto.aeadOpen(this.#key, nonce, LABEL, rest);
    if (content === null) return null;
    const reader = new ByteReader(content);
    const hour = reader.u32("hour");
    const hash = toHex(reader.bytes("page hash", HASH_BYTES));
    return { hash, hour, page: content.subarray(reader.offset), sealed };
  }

  #rewrite(blocks: readonly Block[]): boolean {
    const bytes = concat(...blocks.map(({ sealed }) => sealed));
    const done = this.#deps.trouble.attempt(() => {
      replaceFile(this.#deps.path, bytes);
      return true;
    });
    return done !== null;
  }
}
