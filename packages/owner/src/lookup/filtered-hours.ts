import type { Transfer } from "@glowworm/platform";
import {
  assertFilterHas,
  compareBytes,
  type Filter,
  GET_ID_BYTES,
  type HourSource,
  type Manifest,
  type PageEntry,
  type PageOfHour,
  pagesOf,
  type RandomSource,
  randomFraction,
  readPage,
} from "@glowworm/protocol";
import type { FilteredHour } from "./closed-hours.ts";
import { forEachOf } from "./each.ts";
import { HIT_PAGES_MAX } from "./hit-pages.ts";
import type { HourCache } from "./hour-cache.ts";
import { nameOf, type ProblemLog } from "./problems.ts";
import { type LookupDeps, type OnRecords, PARALLEL, sourceOf } from "./reading.ts";

/** Longest pause between the filters and the pages: hides which of several owners behind one address goes on. */
const PAUSE_MS_MAX = 2000;
/** Pages of one lookup, however often it searches, 279 MB: a device that is heard in every epoch of two weeks has half as many. */
const PAGES_MAX = HIT_PAGES_MAX;
/** Pages of one hour in one lookup, 35 MB: a device that five thousand relays hear in each epoch has fewer. */
const HOUR_HITS_MAX = 1024;

/**
 * Reads pages of hours that have a filter: only those that may hold an id of this device. This alone of what an owner
 * asks depends on what it looks for: hence every page once in the life of a cache, all hours' pages in random order, after
 * a random pause.
 * @see docs/protocol.md sections 7.6 and 9.4
 */
export class FilteredHoursReader {
  readonly #deps: LookupDeps;
  readonly #source: HourSource;
  readonly #log: ProblemLog;
  readonly #cache: HourCache;
  /** By hour: how many pages were asked for. */
  readonly #asked = new Map<number, number>();
  #pagesLeft = PAGES_MAX;

  constructor(deps: LookupDeps, transfer: Transfer, log: ProblemLog, cache: HourCache) {
    this.#deps = deps;
    this.#source = sourceOf(deps, transfer);
    this.#log = log;
    this.#cache = cache;
  }

  /** Tests every id, back to back, against the filters of the hours, and fetches pages that are not on this disk yet. */
  async read(hours: readonly FilteredHour[], ids: Uint8Array, onRecords: OnRecords): Promise<void> {
    const { clock, random, signal, searchedHours, onProgress } = this.#deps;
    const wanted = await this.#wanted(hours, ids);
    searchedHours.save();
    if (wanted.length === 0) return;
    const fetched = new Map<number, Uint8Array[]>();
    await clock.sleep(randomFraction(random) * PAUSE_MS_MAX, signal);
    let done = 0;
    await forEachOf(shuffled(random, wanted), PARALLEL, async (page) => {
      const { hour } = page;
      await this.#log.attempt(nameOf(hour), async () => {
        const bytes = await this.#fetch(page);
        onRecords(bytes);
        fetched.set(hour, [...(fetched.get(hour) ?? []), bytes]);
      });
      done += 1;
      onProgress("hits", done, wanted.length);
    });
    await forEachOf([...fetched], 1, ([hour, pages]) => this.#checkFilter(hour, pages));
  }

  async #wanted(hours: readonly FilteredHour[], ids: Uint8Array): Promise<readonly PageOfHour[]> {
    const wanted: PageOfHour[] = [];
    let done = 0;
    await forEachOf(hours, 1, async (hour) => {
      wanted.push(...this.#affordable(hour.hour, this.#hitsOf(hour, ids)));
      done += 1;
      this.#deps.onProgress("filters", done, hours.length);
    });
    return wanted;
  }

  #affordable(hour: number, hits: readonly PageOfHour[]): readonly PageOfHour[] {
    const asked = this.#asked.get(hour) ?? 0;
    const pages = hits.slice(0, Math.min(HOUR_HITS_MAX - asked, this.#pagesLeft));
    this.#asked.set(hour, asked + pages.length);
    this.#pagesLeft -= pages.length;
    if (hits.length > pages.length) {
      this.#log.report(nameOf(hour), "too-large", "more pages with hits than one lookup reads");
    }
    return pages;
  }

  /**
   * Pages with hits that are not on this disk yet. An hour whose hits are known, and all here, is not even read. After an
   * interruption no other is: there would be nobody to ask for the pages.
   */
  #hitsOf({ hour, manifest: hash }: FilteredHour, ids: Uint8Array): readonly PageOfHour[] {
    const { searchedHours, hitPages, signal } = this.#deps;
    const count = ids.length / GET_ID_BYTES;
    const known = searchedHours.of(hash, count);
    if (known?.ids === count && known.hits.every((hit) => hitPages.has(hit.hash))) return [];
    if (signal.aborted) {
      this.#log.interrupted(nameOf(hour));
      return [];
    }
    const cached = this.#cache.read(hour);
    if (cached === null || cached.filter === null || cached.manifestHash !== hash) return [];
    const { manifest, filter } = cached;
    const found = pagesWith(manifest, filter, ids.subarray((known?.ids ?? 0) * GET_ID_BYTES));
    const before = new Set(known?.hits.map(({ index }) => index));
    const pages = pagesOf(manifest).filter(({ index }) => found.has(index) || before.has(index));
    const hits = pages.map(({ index, entry }) => ({ index, hash: entry.hash }));
    if (known?.ids !== count) searchedHours.add({ hour, manifest: hash, ids: count, hits });
    return pages.filter(({ entry }) => !hitPages.has(entry.hash));
  }

  async #fetch(place: PageOfHour): Promise<Uint8Array> {
    const page = await readPage(this.#source, place);
    this.#deps.hitPages.add(place.hour, place.entry.hash, page);
    return page;
  }

  /** With a filter that has few ids of its hour, a request for a page speaks of those few, and not of 256. */
  async #checkFilter(hour: number, pages: readonly Uint8Array[]): Promise<void> {
    await this.#log.attempt(nameOf(hour), async () => {
      const filter = this.#cache.read(hour)?.filter;
      for (const page of pages) if (filter) assertFilterHas(filter, page);
    });
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
