import { Transfer } from "@glowworm/platform";
import {
  decodeHoursList,
  HOURS_LIST_BYTES_MAX,
  type HoursList,
  hourOfSegment,
  PATHS,
  STORED_RECORD_BYTES,
} from "@glowworm/protocol";
import { ClosedHoursReader } from "./closed-hours.ts";
import { compareWithMirror } from "./compare.ts";
import { FilteredHoursReader } from "./filtered-hours.ts";
import { firstKeptHour, HourCache } from "./hour-cache.ts";
import { OpenHourReader } from "./open-hour.ts";
import { type LookupProblem, ProblemLog } from "./problems.ts";
import type { LookupDeps, OnRecords } from "./reading.ts";

/** What a lookup has read. */
export interface LookupSummary {
  /** False when the server gave no list of hours: all there is comes from the cache. */
  readonly isServerReached: boolean;
  readonly closedHours: number;
  readonly segments: number;
  /** Padding included: nobody can tell it from reports. */
  readonly records: number;
  readonly problems: readonly LookupProblem[];
}

/**
 * Reads what a server publishes, newest first. What `refresh` asks for, and in which order, follows from the server's list
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
  #closedHours = 0;
  #records = 0;

  constructor(deps: LookupDeps) {
    this.#deps = deps;
    this.#transfer = new Transfer(deps);
    this.#cache = new HourCache(deps.crypto, deps.cacheFolder, deps.serverUrl);
    this.#open = new OpenHourReader(deps, this.#transfer, this.#log);
    this.#closed = new ClosedHoursReader(deps, this.#transfer, this.#log, this.#cache);
    this.#filtered = new FilteredHoursReader(deps, this.#transfer, this.#log, this.#cache);
  }

  /** Reads all that every owner reads. What fails is named in the summary and left out. @throws {Failure} when the disk fails. */
  async refresh(onRecords: OnRecords): Promise<LookupSummary> {
    const count = this.#counting(onRecords);
    this.#cache.forgetBefore(firstKeptHour(this.#deps.clock.nowMs() / 1000));
    for (const page of this.#deps.hitPages.records()) count(page);
    const list = await this.#list();
    const { compareUrl } = this.#deps;
    if (list !== null && compareUrl !== undefined) {
      await compareWithMirror(this.#deps, compareUrl, list, this.#log);
    }
    this.#isServerReached = list !== null;
    this.#closedHours =
      list === null ? this.#closed.readCached(count) : await this.#readListed(list, count);
    return this.#summary();
  }

  /**
   * Reads the pages that may hold one of the ids, 16 bytes each, of the hours whose filters `refresh` has read.
   * @throws {Failure} when the disk fails.
   */
  async readHits(ids: Uint8Array, onRecords: OnRecords): Promise<LookupSummary> {
    await this.#filtered.read(this.#closed.filtered, ids, this.#counting(onRecords));
    return this.#summary();
  }

  /** Gives once more what was read, without a request. */
  replay(onRecords: OnRecords): void {
    for (const segment of this.#open.segments) onRecords(segment);
    this.#closed.readCached(onRecords);
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
      closedHours: this.#closedHours,
      segments: this.#open.segments.length,
      records: this.#records,
      problems: this.#log.problems,
    };
  }

  async #list(): Promise<HoursList | null> {
    let list: HoursList | null = null;
    await this.#log.attempt("list of hours", async () => {
      list = decodeHoursList(await this.#transfer.get(PATHS.hours, HOURS_LIST_BYTES_MAX));
    });
    return list;
  }

  async #readListed(list: HoursList, onRecords: OnRecords): Promise<number> {
    const gone = await this.#open.read(list, onRecords);
    const latest = gone.length === 0 ? list : ((await this.#list()) ?? list);
    for (const segment of gone) {
      const isClosed = latest.hours.some(({ hour }) => hour === hourOfSegment(segment));
      if (!isClosed) this.#log.report(`segment ${segment}`, "status", "gone, but not closed");
    }
    return this.#closed.read(latest.hours, onRecords);
  }
}
