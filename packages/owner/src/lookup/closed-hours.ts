import { ByteBudget, type Transfer } from "@glowworm/platform";
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
import { Room } from "./room.ts";

/** Of one lookup, 2.1 GB: 60 hours of the largest without a filter, 14 days of hours of a million records. */
const LOOKUP_BYTES_MAX = 2 ** 31;
/** Pages of the largest hour without a filter that is read, 35 MB: before there were filters none was larger. */
const UNFILTERED_PAGES_MAX = 1024;
/** Of hours that are under way: the largest alone, three of 1,024 pages that may have no filter, six of most others. */
const UNDER_WAY_BYTES_MAX = 2 ** 27;

/** An hour that is searched by its filter. */
export interface FilteredHour {
  readonly hour: number;
  /** Hash of its manifest, lowercase hex. */
  readonly manifest: string;
}

/** An hour of which the first version that came was read. */
interface ReadHour {
  /** Hash of its manifest, lowercase hex. */
  readonly manifest: string;
  /** Hash of the manifest before, lowercase hex. */
  readonly previous: string;
  readonly isFiltered: boolean;
}

/**
 * Reads what is the same for every owner of closed hours, newest first: from this disk, and then from the server to
 * this disk. That is hours whole, or, of those that have one, the filter.
 */
export class ClosedHoursReader {
  readonly #deps: LookupDeps;
  readonly #source: HourSource;
  readonly #log: ProblemLog;
  readonly #cache: HourCache;
  /** By listed hour: the hash of the manifest before, in hex. */
  readonly #previous = new Map<number, string>();
  readonly #read = new Map<number, ReadHour>();
  /** By listed hour: the hash of the manifest that is here with a filter, in hex. */
  readonly #filtered = new Map<number, string>();
  readonly #underWay = new Room(UNDER_WAY_BYTES_MAX);
  readonly #bytes = new ByteBudget(LOOKUP_BYTES_MAX);

  constructor(deps: LookupDeps, transfer: Transfer, log: ProblemLog, cache: HourCache) {
    this.#deps = deps;
    this.#source = sourceOf(deps, transfer);
    this.#log = log;
    this.#cache = cache;
  }

  /** How many hours could be read. */
  get count(): number {
    return this.#read.size;
  }

  /** Listed hours whose filter is to be searched, and of which no page was read; newest first. */
  get filtered(): readonly FilteredHour[] {
    const hours = [...this.#filtered].map(([hour, manifest]) => ({ hour, manifest }));
    return hours.sort((a, b) => b.hour - a.hour);
  }

  /**
   * Gives what is on this disk, newest first, but for filters that were read, and asks nobody. So nothing that a server does, or
   * a list of other hours, hides what is here.
   */
  async readKept(onRecords: OnRecords): Promise<void> {
    const { onProgress } = this.#deps;
    const isUnread = (hour: number): boolean => this.#read.get(hour)?.isFiltered !== true;
    const hours = this.#cache.hours().filter(isUnread);
    let done = 0;
    await forEachOf(hours.toReversed(), 1, async (hour) => {
      const kept = this.#cache.read(hour);
      if (kept !== null) {
        onRecords(kept.records);
        this.#note(kept.manifest, kept.manifestHash);
      }
      done += 1;
      onProgress("kept", done, hours.length);
    });
  }

  /** Reads listed hours that `readKept` has not. */
  async read(listed: readonly ListedHour[], onRecords: OnRecords): Promise<void> {
    const { onProgress } = this.#deps;
    let done = 0;
    await forEachOf(listed.toReversed(), PARALLEL, async (hour) => {
      await this.#log.attempt(nameOf(hour.hour), () => this.#readHour(hour, onRecords));
      done += 1;
      onProgress("closed", done, listed.length);
    });
    this.#checkChain(listed);
  }

  /** What is here stays, and is searched, whatever the list says of it, and costs nothing. */
  async #readHour(listed: ListedHour, onRecords: OnRecords): Promise<void> {
    const kept = this.#read.get(listed.hour);
    if (kept !== undefined) {
      this.#toSearch(listed.hour, kept);
      if (kept.manifest === listed.manifest) {
        this.#previous.set(listed.hour, kept.previous);
        return;
      }
      this.#log.report(nameOf(listed.hour), "changed", "not what this server gave before");
    }
    if (!this.#affords(listed)) return this.#refuse(listed);
    await this.#underWay.hold(bytesAtOnce(listed), () =>
      this.#fetchHour(listed, kept !== undefined, onRecords),
    );
  }

  /** @param isHere whether another version is on this disk. */
  async #fetchHour(listed: ListedHour, isHere: boolean, onRecords: OnRecords): Promise<void> {
    const { bytes: head, value: manifest } = await readManifest(this.#source, listed);
    if (!this.#affordsWhole(manifest)) return this.#refuse(listed);
    const parts = hasFilter(manifest)
      ? [(await readFilter(this.#source, manifest)).bytes]
      : await this.#fetchPages(manifest);
    // The first stays: a server that gives something else later makes nothing be forgotten.
    const isKept = isHere || this.#cache.write(listed.hour, head, parts);
    if (!isKept) this.#log.report(nameOf(listed.hour), "not-kept", "no room for it");
    if (!isHere) this.#toSearch(listed.hour, this.#note(manifest, listed.manifest));
    this.#previous.set(listed.hour, toHex(manifest.previous));
    if (!hasFilter(manifest)) for (const page of parts) onRecords(page);
  }

  async #fetchPages(manifest: Manifest): Promise<readonly Uint8Array[]> {
    const pages: Uint8Array[] = [];
    for (const place of pagesOf(manifest)) pages.push(await readPage(this.#source, place));
    return pages;
  }

  /** Takes the most bytes that an hour has, if it has a filter above 64 pages. @returns false, and takes none, past the bound. */
  #affords({ pages }: ListedHour): boolean {
    const body = pages <= FILTER_FREE_PAGES ? pages * PAGE_BYTES : filterBytesMax(pages);
    return pages <= HOUR_PAGES_MAX && this.#bytes.take(manifestBytes(pages) + body);
  }

  /** Where a large hour turns out to have no filter, its pages are taken in place of that. */
  #affordsWhole(manifest: Manifest): boolean {
    const pages = manifest.pages.length;
    if (pages <= FILTER_FREE_PAGES || hasFilter(manifest)) return true;
    this.#bytes.giveBack(filterBytesMax(pages));
    return pages <= UNFILTERED_PAGES_MAX && this.#bytes.take(pages * PAGE_BYTES);
  }

  #refuse({ hour }: ListedHour): void {
    this.#log.report(nameOf(hour), "too-large", "more than one lookup reads");
  }

  #note(manifest: Manifest, hash: string): ReadHour {
    const previous = toHex(manifest.previous);
    const read = { manifest: hash, previous, isFiltered: hasFilter(manifest) };
    this.#read.set(manifest.hour, read);
    return read;
  }

  #toSearch(hour: number, { manifest, isFiltered }: ReadHour): void {
    if (isFiltered) this.#filtered.set(hour, manifest);
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

/** The most bytes of a manifest and what is read by it, which of hours without a filter turns out to be pages. */
function bytesAtOnce({ pages }: ListedHour): number {
  const isWhole = pages <= UNFILTERED_PAGES_MAX;
  return manifestBytes(pages) + (isWhole ? pages * PAGE_BYTES : filterBytesMax(pages));
}
