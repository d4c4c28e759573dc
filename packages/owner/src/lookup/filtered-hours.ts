import type { Transfer } from "@glowworm/platform";
import {
  compareBytes,
  decodePage,
  type Filter,
  GET_ID_BYTES,
  type Manifest,
  PAGE_BYTES,
  PATHS,
  type PageEntry,
  type RandomSource,
  randomFraction,
  STORED_RECORD_BYTES,
} from "@glowworm/protocol";
import { forEachOf } from "./each.ts";
import type { HourCache } from "./hour-cache.ts";
import { nameOf, type ProblemLog } from "./problems.ts";
import { type LookupDeps, type OnRecords, PARALLEL } from "./reading.ts";

/** Longest pause between the filters and the pages: hides which of several owners behind one address goes on. */
const PAUSE_MS_MAX = 2000;
/** Pages of one lookup, 279 MB: a device that is heard in every epoch of two weeks has half as many. */
const PAGES_MAX = 8192;

interface Wanted {
  readonly hour: number;
  readonly index: number;
  readonly entry: PageEntry;
}

/**
 * Reads pages of hours that have a filter: only those that may hold an id of this device. This alone of what an owner
 * asks depends on what it looks for: hence every page once in the life of a cache, all hours' pages in random order, after
 * a random pause.
 * @see docs/protocol.md sections 7.6 and 9.4
 */
export class FilteredHoursReader {
  readonly #deps: LookupDeps;
  readonly #transfer: Transfer;
  readonly #log: ProblemLog;
  readonly #cache: HourCache;

  constructor(deps: LookupDeps, transfer: Transfer, log: ProblemLog, cache: HourCache) {
    this.#deps = deps;
    this.#transfer = transfer;
    this.#log = log;
    this.#cache = cache;
  }

  /** Tests every id, back to back, against the filters of the hours, and fetches pages that are not on this disk yet. */
  async read(hours: readonly number[], ids: Uint8Array, onRecords: OnRecords): Promise<void> {
    const { clock, random, signal, onProgress } = this.#deps;
    const wanted = this.#wanted(hours, ids);
    if (wanted.length === 0) return;
    const fetched = new Map<number, Uint8Array[]>();
    await clock.sleep(randomFraction(random) * PAUSE_MS_MAX, signal);
    let done = 0;
    await forEachOf(shuffled(random, wanted), PARALLEL, signal, async (page) => {
      await this.#log.attempt(nameOf(page.hour), async () => {
        const bytes = await this.#fetch(page);
        onRecords(bytes);
        fetched.set(page.hour, [...(fetched.get(page.hour) ?? []), bytes]);
      });
      done += 1;
      onProgress("hits", done, wanted.length);
    });
    for (const [hour, pages] of fetched) this.#checkFilter(hour, pages);
  }

  #wanted(hours: readonly number[], ids: Uint8Array): readonly Wanted[] {
    const wanted: Wanted[] = [];
    for (const hour of hours) {
      const cached = this.#cache.read(hour);
      if (cached === null || cached.filter === null) continue;
      for (const index of pagesWith(cached.manifest, cached.filter, ids)) {
        const entry = cached.manifest.pages[index];
        if (entry === undefined || this.#deps.hitPages.has(entry.hash)) continue;
        if (wanted.length < PAGES_MAX) wanted.push({ hour, index, entry });
        else this.#log.report(nameOf(hour), "too-large", "more pages than one lookup reads");
      }
    }
    return wanted;
  }

  async #fetch({ hour, index, entry }: Wanted): Promise<Uint8Array> {
    const page = await this.#transfer.get(PATHS.page(hour, index), PAGE_BYTES);
    decodePage(this.#deps.crypto, entry, page);
    this.#deps.hitPages.add(hour, entry.hash, page);
    return page;
  }

  /** With a filter that has few ids of its hour, a request for a page speaks of those few, and not of 256. */
  #checkFilter(hour: number, pages: readonly Uint8Array[]): void {
    const filter = this.#cache.read(hour)?.filter;
    const isWhole = pages.every((page) => {
      for (let at = 0; at < page.length; at += STORED_RECORD_BYTES) {
        if (filter?.has(page, at) === false) return false;
      }
      return true;
    });
    if (!isWhole) this.#log.report(nameOf(hour), "malformed", "its filter lacks ids of its pages");
  }
}

/** Indexes of the pages that may hold one of the ids. */
function pagesWith(manifest: Manifest, filter: Filter, ids: Uint8Array): ReadonlySet<number> {
  const found = new Set<number>();
  for (let at = 0; at < ids.length; at += GET_ID_BYTES) {
    if (!filter.has(ids, at)) continue;
    const id = ids.subarray(at, at + GET_ID_BYTES);
    for (const index of pagesAround(manifest.pages, id)) found.add(index);
  }
  return found;
}

/** Indexes of the pages within whose bounds an id lies: one id may fill several. */
function* pagesAround(pages: readonly PageEntry[], id: Uint8Array): Generator<number> {
  let low = 0;
  let high = pages.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytes(pages[middle]?.lastId ?? id, id) < 0) low = middle + 1;
    else high = middle;
  }
  for (let index = low; index < pages.length; index++) {
    const entry = pages[index];
    if (entry === undefined || compareBytes(entry.firstId, id) > 0) return;
    yield index;
  }
}

/** A copy in random order. */
function shuffled<T>(random: RandomSource, items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, rank: randomFraction(random) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}
