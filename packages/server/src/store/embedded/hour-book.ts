import { rmSync } from "node:fs";
import {
  type CryptoSuite,
  fromHex,
  HASH_BYTES,
  HOUR_CLOSE_DELAY_SECONDS,
  HOUR_SECONDS,
  hourOfSegment,
  type RandomSource,
  SEGMENTS_PER_HOUR,
  segmentOf,
  type UnixSeconds,
} from "@glowworm/protocol";
import type { NewReport, Published, SegmentAbsence } from "../report-store.ts";
import { type ClosedHour, ClosedReports, checkClosedHour, writeClosedHour } from "./closed-hour.ts";
import { type Layout, removeDatabase } from "./layout.ts";
import { DamagedHourError, type OpenDatabase, OpenHour } from "./open-hour.ts";

const HOURS_PER_DAY = 24;

/** What the book stands on. */
export interface HourBookOptions {
  readonly layout: Layout;
  readonly crypto: CryptoSuite;
  readonly openDatabase: OpenDatabase;
  readonly retentionDays: number;
  /** Lets other work of the thread happen while a large hour is written. */
  readonly pause: () => Promise<void>;
}

/**
 * All hours of one data folder. Invariant: what is closed only grows. A report enters the segment of its commit, or
 * the first that is not closed when the clock stepped back, so closed bytes are never touched again.
 */
export class HourBook {
  readonly #options: HourBookOptions;
  /** In ascending order, and all later than the closed ones. */
  readonly #open: OpenHour[] = [];
  #closed: readonly ClosedHour[] = [];
  #newestClosed: ClosedReports | undefined;
  readonly #damaged: string[] = [];
  /** Open hours that were damaged. */
  readonly #lost: Set<number> = new Set();

  constructor(options: HourBookOptions) {
    this.#options = options;
    options.layout.removeUnfinished();
    this.#loadClosed();
    this.#loadOpen();
    this.#indexNewest();
  }

  /** Files that were found damaged at the start, by the name they have now. */
  get damaged(): readonly string[] {
    return this.#damaged;
  }

  /** First segment that reports may still enter. */
  get arrivalFloor(): number {
    const closedHour = this.#closed.at(-1)?.hour;
    const afterHours = closedHour === undefined ? 0 : (closedHour + 1) * SEGMENTS_PER_HOUR;
    return Math.max(afterHours, (this.#open.at(-1)?.closedThrough ?? -1) + 1);
  }

  published(): Published {
    return { hours: this.#closed, open: this.#openRange() };
  }

  /** Stores all reports or none, durably, under the time `at` or the first later one that is not closed. */
  commit(at: UnixSeconds, reports: readonly NewReport[]): void {
    const segment = Math.max(segmentOf(at), this.arrivalFloor);
    const current = this.#openHourOf(segment);
    const fresh = reports.filter((report) => !this.#isInEarlierHour(report, current));
    current.insert(segment, fresh);
  }

  segment(segment: number): Uint8Array | SegmentAbsence {
    if (segment >= this.arrivalFloor) return "open";
    const hour = this.#open.find((open) => open.hour === hourOfSegment(segment));
    if (hour === undefined || segment < hour.firstSegment) return "gone";
    return segment <= hour.closedThrough ? hour.segment(segment) : "open";
  }

  /** Closes what is over at `now`, then removes what is past retention. */
  async maintain(now: UnixSeconds, random: RandomSource): Promise<void> {
    const current = Math.max(segmentOf(now), this.arrivalFloor);
    this.#openHourOf(current);
    for (const hour of this.#open) hour.closeSegments(this.#options.crypto, random, current - 1);
    for (const hour of [...this.#open]) {
      const isDue = now >= (hour.hour + 1) * HOUR_SECONDS + HOUR_CLOSE_DELAY_SECONDS;
      if (isDue && hour.isOver) await this.#closeHour(hour, random);
    }
    this.#expire();
  }

  close(): void {
    for (const hour of this.#open) hour.close();
  }

  async #closeHour(hour: OpenHour, random: RandomSource): Promise<void> {
    const { crypto, layout, pause } = this.#options;
    const count = hour.fill(crypto, random);
    const previous = this.#closed.at(-1)?.manifest;
    const hash = previous === undefined ? new Uint8Array(HASH_BYTES) : fromHex(previous);
    const path = layout.closedHour(hour.hour);
    const closed = await writeClosedHour(crypto, path, hour, count, hash, pause);
    this.#newestClosed = new ClosedReports(path, closed.pages);
    this.#closed = [...this.#closed, closed];
    this.#open.splice(this.#open.indexOf(hour), 1);
    hour.remove();
  }

  /** Closed segments without a gap, from the oldest open hour on. */
  #openRange(): Published["open"] {
    const [oldest, next] = this.#open;
    if (oldest === undefined) return null;
    const goesOn = oldest.isOver && next?.firstSegment === oldest.lastSegment + 1;
    const last = goesOn ? next.closedThrough : oldest.closedThrough;
    return last < oldest.firstSegment ? null : { first: oldest.firstSegment, last };
  }

  /**
   * Makes the hour when it is new. It begins at `segment`, or without a gap when the hour before is still open; not so
   * after damage, because its earlier segments may have been served with other bytes.
   */
  #openHourOf(segment: number): OpenHour {
    const hour = hourOfSegment(segment);
    const newest = this.#open.at(-1);
    if (newest?.hour === hour) return newest;
    const goesOn = newest?.hour === hour - 1 && !this.#lost.has(hour);
    const first = goesOn ? hour * SEGMENTS_PER_HOUR : segment;
    const { layout, openDatabase } = this.#options;
    const opened = OpenHour.create(openDatabase, layout.openHour(hour), hour, first);
    this.#open.push(opened);
    return opened;
  }

  #isInEarlierHour(report: NewReport, current: OpenHour): boolean {
    for (const hour of this.#open) if (hour !== current && hour.has(report)) return true;
    return this.#newestClosed?.has(report) ?? false;
  }

  /**
   * Retention counts from the newest closed hour and not from the clock: a clock that jumps to 2099 must not remove
   * everything at once.
   */
  #expire(): void {
    const newest = this.#closed.at(-1);
    if (newest === undefined) return;
    const { layout, retentionDays } = this.#options;
    const keepFrom = newest.hour - retentionDays * HOURS_PER_DAY + 1;
    for (const { hour } of this.#closed) {
      if (hour < keepFrom) rmSync(layout.closedHour(hour), { force: true });
    }
    this.#closed = this.#closed.filter(({ hour }) => hour >= keepFrom);
    layout.expireDamaged(keepFrom);
  }

  #loadClosed(): void {
    const { crypto, layout } = this.#options;
    const closed: ClosedHour[] = [];
    for (const hour of layout.closedHours()) {
      const path = layout.closedHour(hour);
      const found = this.#orSetAside(path, () => checkClosedHour(crypto, path, hour));
      if (found !== undefined) closed.push(found);
    }
    this.#closed = closed;
  }

  /** An open hour at or before the newest closed one is a leftover of a crash right after closing. */
  #loadOpen(): void {
    const { layout, openDatabase } = this.#options;
    for (const hour of layout.openHours()) {
      const path = layout.openHour(hour);
      if (hour <= (this.#closed.at(-1)?.hour ?? -1)) {
        removeDatabase(path);
        continue;
      }
      const found = this.#orSetAside(path, () => OpenHour.load(openDatabase, path, hour));
      if (found === undefined) this.#lost.add(hour);
      else this.#open.push(found);
    }
  }

  #orSetAside<T>(path: string, load: () => T): T | undefined {
    try {
      return load();
    } catch (error) {
      if (!(error instanceof DamagedHourError)) throw error;
      this.#damaged.push(this.#options.layout.setAside(path));
      return undefined;
    }
  }

  #indexNewest(): void {
    const newest = this.#closed.at(-1);
    if (newest === undefined) return;
    this.#newestClosed = new ClosedReports(
      this.#options.layout.closedHour(newest.hour),
      newest.pages,
    );
  }
}
