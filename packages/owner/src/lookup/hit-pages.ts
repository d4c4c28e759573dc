import { appendFileSync } from "node:fs";
import { dirname } from "node:path";
import { makePrivateFolder, readFileIfAny, replaceFile } from "@glowworm/platform";
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
import { cannotWrite } from "./hour-cache.ts";

const LABEL: Uint8Array = ascii("glowworm hit pages 1");
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CONTENT_BYTES = 4 + HASH_BYTES + PAGE_BYTES;
const BLOCK_BYTES = NONCE_BYTES + CONTENT_BYTES + TAG_BYTES;

/** What the pages of one device are kept with. */
export interface HitPagesDeps {
  readonly crypto: CryptoSuite;
  readonly random: RandomSource;
  /** Device key: the file is sealed under a key made from it. */
  readonly deviceKey: Uint8Array;
  readonly path: string;
}

interface Kept {
  readonly hour: number;
  readonly page: Uint8Array;
  readonly block: Uint8Array;
}

/**
 * Pages of hours with a filter that were fetched for one device, each once: asking for a page again would tell the server
 * that the same owner is back. Blocks `nonce(12) || sealed(hour(4) || page hash(32) || page)`, sealed since they are
 * there for what they hold: in the clear they would tell a thief of this disk 256 ids of which one is the device's.
 */
export class HitPages {
  readonly #deps: HitPagesDeps;
  readonly #key: Uint8Array;
  readonly #kept = new Map<string, Kept>();

  /** Reads what is on disk; of hours before `firstHour`, and what is damaged, nothing is left there. */
  constructor(deps: HitPagesDeps, firstHour: number) {
    this.#deps = deps;
    this.#key = deps.crypto.hmacSha256(deps.deviceKey, LABEL);
    const bytes = readFileIfAny(deps.path) ?? new Uint8Array();
    for (let at = 0; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) {
      this.#take(bytes.subarray(at, at + BLOCK_BYTES), firstHour);
    }
    if (this.#kept.size * BLOCK_BYTES !== bytes.length) this.#rewrite();
  }

  /** Records of all pages, one block a page. */
  *records(): Generator<Uint8Array> {
    for (const { page } of this.#kept.values()) yield page;
  }

  has(pageHash: Uint8Array): boolean {
    return this.#kept.has(toHex(pageHash));
  }

  /** Keeps a page that was checked. @throws {Failure} when it cannot be written. */
  add(hour: number, pageHash: Uint8Array, page: Uint8Array): void {
    const { crypto, random, path } = this.#deps;
    const nonce = random.bytes(NONCE_BYTES);
    const content = concat(new ByteWriter(4).u32("hour", hour).finish(), pageHash, page);
    const block = concat(nonce, crypto.aeadSeal(this.#key, nonce, LABEL, content));
    this.#kept.set(toHex(pageHash), { hour, page, block });
    try {
      makePrivateFolder(dirname(path));
      appendFileSync(path, block, { mode: 0o600 });
    } catch (cause) {
      throw cannotWrite(dirname(path), cause);
    }
  }

  #take(block: Uint8Array, firstHour: number): void {
    const nonce = block.subarray(0, NONCE_BYTES);
    const sealed = block.subarray(NONCE_BYTES);
    const content = this.#deps.crypto.aeadOpen(this.#key, nonce, LABEL, sealed);
    if (content === null) return;
    const reader = new ByteReader(content);
    const hour = reader.u32("hour");
    const hash = toHex(reader.bytes("page hash", HASH_BYTES));
    if (hour >= firstHour) {
      this.#kept.set(hash, { hour, page: content.subarray(reader.offset), block });
    }
  }

  #rewrite(): void {
    replaceFile(this.#deps.path, concat(...[...this.#kept.values()].map(({ block }) => block)));
  }
}
