import { Transfer } from "@glowworm/platform";
import {
  decodeHoursList,
  HOURS_LIST_BYTES_MAX,
  hourOfSegment,
  PATHS,
  STORED_RECORD_BYTES,
} from "@glowworm/protocol";
import { makeCacheRoom } from "./cache-room.ts";
import { ClosedHoursReader } from "./closed-hours.ts";
import { compareWithMirror } from "./compare.ts";
import { FilteredHoursReader } from "./filtered-hours.ts";
import { HourCache, hoursFolderOf } from "./hour-cache.ts";
import { type HourWindow, type WindowedList, windowAt, withinWindow } from "./hour-window.ts";
import { OpenHourReader } from "./open-hour.ts";
import { type LookupProblem, ProblemLog } from "./problems.ts";
import type { LookupDeps, OnRecords } from "./reading.ts";

/** What a lookup has read. */
export interface LookupSummary {
  /** False when the server gave no list of hours: all there is comes from the cache. */
  readonly isServerReached: boolean;
  readonly closedHours: number;
  /** Hours of the server's list that are older than a lookup looks, two months. */
  readonly olderHours: number;
  readonly segments: number;
  /** Padding included: nobody can tell it from reports. */
  readonly records: number;
  readonly problems: readonly LookupProblem[];
}

/**
 * Reads what is on this disk, and then what a server publishes, newest first. An abort ends what is asked of the server, and names
 * what was not read; what is on this disk is read all the same. What `refresh` asks for, and in which order, follows from the server's list
 * and this disk's cache alone: never from a key, an id or a hit. `readHits` asks for pages of hours with a filter.
 * @see docs/protocol.md sections 7 and 9.4
 */
export class Lookup {
  readonly #deps: LookupDeps;
  readonly #transfer: Transfer;
  readonly #log: ProblemLog = new ProblemLog();
  readonly #cache: HourCache;
  readonly #open: OpenHourReader;
  readonly #closed: ClosedHoursReader;
  readonly #filtered: FilteredHoursReader;
  #isServerReached = false;
  #olderHours = 0;
  #records = 0;

  constructor(deps: LookupDeps) {
    this.#deps = deps;
    this.#transfer = new Transfer(deps);
    this.#cache = new HourCache(
      deps.crypto,
      deps.trouble,
      hoursFolderOf(deps.cacheFolder),
      deps.serverUrl,
    );
    this.#open = new OpenHourReader(deps, this.#transfer, this.#log);
    this.#closed = new ClosedHoursReader(deps, this.#transfer, this.#log, this.#cache);
    this.#filtered = new FilteredHoursReader(deps, this.#transfer, this.#log, this.#cache);
  }

  /** Reads all that every owner reads. What fails is named in the summary and left out. */
  async refresh(onRecords: OnRecords): Promise<LookupSummary> {
    const count = this.#counting(onRecords);
    makeCacheRoom(hoursFolderOf(this.#deps.cacheFolder), this.#window(), this.#deps.trouble);
    for (const page of this.#deps.hitPages.records()) count(page);
    await this.#closed.readKept(count);
    const list = await this.#list();
    const { compareUrl } = this.#deps;
    if (list !== null && compareUrl !== undefined) {
      await compareWithMirror(this.#deps, compareUrl, list, this.#log);
    }
    this.#isServerReached = list !== null;
    this.#olderHours = list?.older ?? 0;
    if (list !== null) await this.#readListed(list, count);
    return this.#summary();
  }

  /** Reads the pages that may hold one of the ids, 16 bytes each, of the hours whose filters `refresh` has read. */
  async readHits(ids: Uint8Array, onRecords: OnRecords): Promise<LookupSummary> {
    await this.#filtered.read(this.#closed.filtered, ids, this.#counting(onRecords));
    return this.#summary();
  }

  /** Gives once more what was read, without a request. */
  async replay(onRecords: OnRecords): Promise<void> {
    for (const segment of this.#open.segments) onRecords(segment);
    await this.#closed.readKept(onRecords);
    for (const page of this.#deps.hitPages.records()) onRecords(page);
  }

  #counting(onRecords: OnRecords): OnRecords {
    return (block) => {
      this.#records += block.length / STORED_RECORD_BYTES;
      onRecords(block);
    };
  }

  #summary(): LookupSummary {
    return {
      isServerReached: this.#isServerReached,
      closedHours: this.#closed.count,
      olderHours: this.#olderHours,
      segments: this.#open.segments.length,
      records: this.#records,
      problems: this.#log.problems,
    };
  }

  #window(): HourWindow {
    return windowAt(this.#deps.clock.nowMs() / 1000);
  }

  async #list(): Promise<WindowedList | null> {
    let list: WindowedList | null = null;
    await this.#log.attempt("list of hours", async () => {
      const bytes = await this.#transfer.get(PATHS.hours, HOURS_LIST_BYTES_MAX);
      list = withinWindow(decodeHoursList(bytes), this.#window(), this.#log);
    });
    return list;
  }

  async #readListed(list: WindowedList, onRecords: OnRecords): Promise<void> {
    const gone = await this.#open.read(list, onRecords);
    const latest = gone.length === 0 ? list : ((await this.#list()) ?? list);
    for (const segment of gone) {
      const isClosed = latest.hours.some(({ hour }) => hour === hourOfSegment(segment));
      if (!isClosed) this.#log.report(`segment ${segment}`, "status", "gone, but not closed");
    }
    await this.#closed.read(latest.hours, onRecords);
  }
}
