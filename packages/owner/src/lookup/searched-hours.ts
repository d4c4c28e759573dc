import { dirname } from "node:path";
import { makePrivateFolder, replaceFile } from "@glowworm/platform";
import { ascii, ByteWriter, concat } from "@glowworm/protocol";
import type { HitPagesDeps } from "./hit-pages.ts";
import { firstKeptOf, type HourWindow } from "./hour-window.ts";
import { readTail } from "./read-tail.ts";
import { bytesOf, decodeSearches, encodeSearches, type Search } from "./searches.ts";

const LABEL: Uint8Array = ascii("glowworm searched hours 1");
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Pages with hits of an hour that is remembered: a device that a thousand relays hear in each epoch has fewer. */
const HITS_MAX = 64;
/** Bytes of all searches on disk: those of 1,465 hours, and of three times as many pages with hits as are kept. */
const CONTENT_BYTES_MAX = 2 ** 20;

/** What the searches for one device are kept with. */
export interface SearchedHoursDeps extends HitPagesDeps {
  /** Day of the device's first ids. */
  readonly firstDay: number;
}

/**
 * What searching filters for one device has given. Neither an hour, named by the hash of its manifest, nor the ids ever change,
 * but that ids come at their end: these alone are left to be asked for. What is requested does not depend on it. The file
 * is `nonce(12) || sealed(searches)`, sealed since in the clear it would tell a thief of this disk when the device was heard.
 */
export class SearchedHours {
  readonly #deps: SearchedHoursDeps;
  readonly #window: HourWindow;
  readonly #max: number;
  readonly #key: Uint8Array;
  readonly #label: Uint8Array;
  /** By the hash of the manifest, in hex. */
  readonly #searches = new Map<string, Search>();
  #isAsOnDisk = true;

  /** Reads what is on disk: nothing, where it is damaged, larger than `max` bytes, or of another key or first day. */
  constructor(deps: SearchedHoursDeps, window: HourWindow, max: number = CONTENT_BYTES_MAX) {
    this.#deps = deps;
    this.#window = window;
    this.#max = max;
    this.#key = deps.crypto.hmacSha256(deps.deviceKey, LABEL);
    this.#label = concat(LABEL, new ByteWriter(4).u32("first day", deps.firstDay).finish());
    for (const search of this.#read()) this.#searches.set(search.manifest, search);
    this.#makeRoom();
  }

  /** The search of an hour for the first `ids` ids, or for fewer; null when there was none. */
  of(manifest: string, ids: number): Search | null {
    const search = this.#searches.get(manifest);
    return search !== undefined && search.ids <= ids ? search : null;
  }

  /** Remembers a search; one with very many hits will be made again. */
  add(search: Search): void {
    if (search.hits.length > HITS_MAX) return;
    this.#searches.set(search.manifest, search);
    this.#isAsOnDisk = false;
  }

  /** Writes what is remembered to disk, as far as that goes. */
  save(): void {
    this.#makeRoom();
    if (this.#isAsOnDisk) return;
    const { crypto, random, trouble, path } = this.#deps;
    const nonce = random.bytes(NONCE_BYTES);
    const content = encodeSearches([...this.#searches.values()]);
    const sealed = crypto.aeadSeal(this.#key, nonce, this.#label, content);
    trouble.attempt(() => {
      makePrivateFolder(dirname(path));
      replaceFile(path, concat(nonce, sealed));
    });
    this.#isAsOnDisk = true;
  }

  /** Forgets hours two months before the newest, and of others what has no room: first those after the window, then the oldest. */
  #makeRoom(): void {
    const searches = [...this.#searches.values()];
    const first = firstKeptOf(this.#window, searches);
    const ageOf = ({ hour }: Search): number => (hour > this.#window.last ? 0 : hour);
    let room = this.#max;
    for (const search of searches.sort((a, b) => ageOf(b) - ageOf(a))) {
      room -= bytesOf(search);
      if (search.hour >= first && room >= 0) continue;
      this.#searches.delete(search.manifest);
      this.#isAsOnDisk = false;
    }
  }

  #read(): readonly Search[] {
    const { crypto, trouble, path } = this.#deps;
    const overhead = NONCE_BYTES + TAG_BYTES;
    const file = trouble.attempt(() => readTail(path, 1, this.#max + overhead));
    if (file === null || file.bytes.length < overhead) return [];
    const nonce = file.bytes.subarray(0, NONCE_BYTES);
    const sealed = file.bytes.subarray(NONCE_BYTES);
    const content = crypto.aeadOpen(this.#key, nonce, this.#label, sealed);
    return content === null ? [] : decodeSearches(content);
  }
}
