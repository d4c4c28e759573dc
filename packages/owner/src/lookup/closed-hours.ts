import { type Transfer, TransferError } from "@glowworm/platform";
import {
  FILTER_FREE_PAGES,
  filterBytesMax,
  HOUR_PAGES_MAX,
  type HourSource,
  hasFilter,
  type ListedHour,
  type Manifest,
  manifestBytes,
  PAGE_BYTES,
  pagesOf,
  readFilter,
  readManifest,
  readPage,
  toHex,
} from "@glowworm/protocol";
import { forEachOf } from "./each.ts";
import type { HourCache } from "./hour-cache.ts";
import { nameOf, type ProblemLog } from "./problems.ts";
import { type LookupDeps, type OnRecords, PARALLEL, sourceOf } from "./reading.ts";

/** Of one lookup, 2.1 GB: 40 days of the largest hours without a filter, 14 days of hours of a million records. */
const LOOKUP_BYTES_MAX = 2 ** 31;
/** Pages of the largest hour without a filter that is read, 35 MB: before there were filters none was larger. */
const UNFILTERED_PAGES_MAX = 1024;
/** Pages of all such hours of one lookup. */
const ALL_UNFILTERED_PAGES_MAX = 32_768;

/**
 * Reads what is the same for every owner of closed hours, newest first: from this disk, or from the server and then to
 * this disk. That is hours whole, or, of those that have one, the filter.
 */
export class ClosedHoursReader {
  readonly #deps: LookupDeps;
  readonly #source: HourSource;
  readonly #log: ProblemLog;
  readonly #cache: HourCache;
  /** By hour: the hash of the manifest before, in hex. */
  readonly #previous = new Map<number, string>();
  readonly #filtered: number[] = [];
  #unfilteredPages = 0;

  constructor(deps: LookupDeps, transfer: Transfer, log: ProblemLog, cache: HourCache) {
    this.#deps = deps;
    this.#source = sourceOf(deps, transfer);
    this.#log = log;
    this.#cache = cache;
  }

  /** Hours whose filter was read, and of which no page was; newest first. */
  get filtered(): readonly number[] {
    return this.#filtered.toSorted((a, b) => b - a);
  }

  /** Reads every listed hour, and what is on this disk besides. @returns how many could be read. */
  async read(listed: readonly ListedHour[], onRecords: OnRecords): Promise<number> {
    const { signal, onProgress } = this.#deps;
    const affordable = this.#affordable(listed);
    const others = await this.#readOthers(affordable, onRecords);
    let done = 0;
    await forEachOf(affordable, PARALLEL, signal, async (hour) => {
      await this.#log.attempt(nameOf(hour.hour), () => this.#readHour(hour, onRecords));
      done += 1;
      onProgress("closed", done, listed.length);
    });
    this.#checkChain(listed);
    return this.#previous.size + others;
  }

  /** Gives what is on this disk, newest first. @returns how many hours that is. */
  async readCached(onRecords: OnRecords): Promise<number> {
    return await this.#readOthers([], onRecords);
  }

  /** What is on this disk of hours that are not asked for: a list of other hours, or of too many, hides nothing. */
  async #readOthers(asked: readonly ListedHour[], onRecords: OnRecords): Promise<number> {
    const known = new Set(asked.map(({ hour }) => hour));
    const others = this.#cache.hours().filter((hour) => !known.has(hour));
    let count = 0;
    await forEachOf(others.toReversed(), 1, this.#deps.signal, async (hour) => {
      const cached = this.#cache.read(hour);
      if (cached === null) return;
      onRecords(cached.records);
      count += 1;
    });
    return count;
  }

  /** Newest first, as far as the bytes of one lookup go; what is left out is named. */
  #affordable(listed: readonly ListedHour[]): readonly ListedHour[] {
    const here = new Set(this.#cache.hours());
    let bytes = 0;
    return [...listed].reverse().filter(({ hour, pages }) => {
      const isWhole = pages <= FILTER_FREE_PAGES;
      const cost = manifestBytes(pages) + (isWhole ? pages * PAGE_BYTES : filterBytesMax(pages));
      if (pages <= HOUR_PAGES_MAX && !here.has(hour)) bytes += cost;
      if (pages <= HOUR_PAGES_MAX && bytes <= LOOKUP_BYTES_MAX) return true;
      this.#log.report(nameOf(hour), "too-large", "more than one lookup reads");
      return false;
    });
  }

  async #readHour(listed: ListedHour, onRecords: OnRecords): Promise<void> {
    const cached = this.#cache.read(listed.hour);
    if (cached !== null) onRecords(cached.records);
    if (cached?.manifestHash === listed.manifest) {
      this.#note(cached.manifest);
      return;
    }
    if (cached !== null) {
      this.#log.report(nameOf(listed.hour), "changed", "not what this server gave before");
    }
    const { bytes: head, value: manifest } = await readManifest(this.#source, listed);
    const parts = hasFilter(manifest)
      ? [(await readFilter(this.#source, manifest)).bytes]
      : await this.#fetchPages(manifest);
    // The first stays: a server that gives something else later makes nothing be forgotten.
    const isKept = cached !== null || this.#cache.write(listed.hour, head, parts);
    if (!isKept) this.#log.report(nameOf(listed.hour), "not-kept", "no room for it");
    this.#note(manifest);
    if (!hasFilter(manifest)) for (const page of parts) onRecords(page);
  }

  async #fetchPages(manifest: Manifest): Promise<readonly Uint8Array[]> {
    this.#affordUnfiltered(manifest.pages.length);
    const pages: Uint8Array[] = [];
    for (const place of pagesOf(manifest)) pages.push(await readPage(this.#source, place));
    return pages;
  }

  #affordUnfiltered(pages: number): void {
    if (pages <= FILTER_FREE_PAGES) return;
    this.#unfilteredPages += pages;
    const isTooLarge =
      pages > UNFILTERED_PAGES_MAX || this.#unfilteredPages > ALL_UNFILTERED_PAGES_MAX;
    if (isTooLarge) throw new TransferError("too-large", 0);
  }

  #note(manifest: Manifest): void {
    this.#previous.set(manifest.hour, toHex(manifest.previous));
    if (hasFilter(manifest)) this.#filtered.push(manifest.hour);
  }

  /** An hour taken out of the middle shows: the one after it names the hash of the one that was there. */
  #checkChain(listed: readonly ListedHour[]): void {
    for (const [index, { hour }] of listed.entries()) {
      const before = listed[index - 1]?.manifest;
      const previous = this.#previous.get(hour);
      if (before === undefined || previous === undefined || previous === before) continue;
      this.#log.report(nameOf(hour), "chain-broken", "does not follow the hour before it");
    }
  }
}
