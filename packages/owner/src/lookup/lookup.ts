import { type HoursList, hourOfSegment, PATHS, STORED_RECORD_BYTES } from "@glowworm/protocol";
import { ClosedHoursReader } from "./closed-hours.ts";
import { decodeHoursList, HOURS_LIST_BYTES_MAX } from "./hours-list.ts";
import { OpenHourReader } from "./open-hour.ts";
import { type LookupProblem, ProblemLog } from "./problems.ts";
import type { LookupDeps, OnRecords } from "./reading.ts";
import { Transfer } from "./transfer.ts";

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
 * Reads everything a server publishes, whole, newest first. What is asked for, and in which order, follows from the
 * server's list and this disk's cache alone: never from a key, an id or a hit.
 * @see docs/protocol.md section 7
 */
export class Lookup {
  readonly #transfer: Transfer;
  readonly #log: ProblemLog = new ProblemLog();
  readonly #open: OpenHourReader;
  readonly #closed: ClosedHoursReader;

  constructor(deps: LookupDeps) {
    this.#transfer = new Transfer(deps);
    this.#open = new OpenHourReader(deps, this.#transfer, this.#log);
    this.#closed = new ClosedHoursReader(deps, this.#transfer, this.#log);
  }

  /** Reads all there is. What fails is named in the summary and left out. @throws {Failure} when the disk fails. */
  async refresh(onRecords: OnRecords): Promise<LookupSummary> {
    let records = 0;
    const count: OnRecords = (block) => {
      records += block.length / STORED_RECORD_BYTES;
      onRecords(block);
    };
    const list = await this.#list();
    const closedHours =
      list === null ? this.#closed.readCached(count) : await this.#readListed(list, count);
    return {
      isServerReached: list !== null,
      closedHours,
      segments: this.#open.segments.length,
      records,
      problems: this.#log.problems,
    };
  }

  /** Gives once more what `refresh` gave, without a request. */
  replay(onRecords: OnRecords): void {
    for (const segment of this.#open.segments) onRecords(segment);
    this.#closed.readCached(onRecords);
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
