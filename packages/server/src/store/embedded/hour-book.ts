import { STORABLE_RECORD_BYTES, segmentOf, type UnixSeconds } from "@glowworm/protocol";
import { assertHourHolds, isDue, isOver, openRange } from "../hour-rules.ts";
import type { Published } from "../report-store.ts";
import { SegmentClosing } from "./closing/segment-closing.ts";
import type { OpenSize } from "./disk-room.ts";
import { type HourBookOptions, Hours } from "./hours.ts";
import { withoutKnown } from "./open/fresh-records.ts";
import type { OpenHour } from "./open/open-hour.ts";

const HOURS_PER_DAY = 24;

/**
 * All hours of one data folder. Invariant: what is closed only grows. A report enters the segment of its commit, or
 * the first that is not closed when the clock stepped back, so closed bytes are never touched again.
 */
export class HourBook {
  readonly #options: HourBookOptions;
  readonly #hours: Hours;
  readonly #segments: SegmentClosing;
  #isClosing = false;
  /** Hours that were closed, and whose open form is still there. */
  readonly #closed: Set<number> = new Set();

  constructor(options: HourBookOptions) {
    this.#options = options;
    this.#hours = new Hours(options);
    this.#segments = new SegmentClosing(this.#hours, options);
  }

  /** Files that were set aside since the start, by the name they have now. */
  get damaged(): readonly string[] {
    return this.#hours.damaged;
  }

  /** First segment that reports may still enter. */
  get arrivalFloor(): number {
    return this.#hours.arrivalFloor;
  }

  /** First segment of an open hour that is not closed yet. */
  get openFrom(): number {
    const [oldest] = this.#hours.open;
    return oldest === undefined ? this.arrivalFloor : oldest.closedThrough + 1;
  }

  /** Whether there is no room for reports. */
  get isFull(): boolean {
    return this.#options.room.isFull(this.#size());
  }

  published(): Published {
    return { hours: this.#hours.closed.list, open: openRange(this.#hours.open) };
  }

  /**
   * Stores all records (129 bytes each) or none, durably, under the time `at` or the first later one that is not
   * closed. Takes the time of these records, however many there are already.
   * @throws {StoreBusyError} when the hour has as many as it takes.
   */
  commit(at: UnixSeconds, records: Uint8Array): void {
    this.#options.room.assertRoom(this.#size());
    const segment = Math.max(segmentOf(at), this.arrivalFloor);
    const current = this.#hours.openFor(segment);
    const { closed, open, hash } = this.#hours;
    const fresh = withoutKnown(records, (place) => {
      hash.of(records, place);
      return (
        open.some((hour) => this.#has(hour, records, place)) || closed.newestHas(records, place)
      );
    });
    if (fresh.length === 0) return;
    const count = current.size.records + fresh.length / STORABLE_RECORD_BYTES;
    assertHourHolds(current.hour, count, this.#options.hourRecordsMax, at);
    this.#hours.orSetAside(current, () => current.insert(segment, fresh));
  }

  /** Sets a closed hour aside that a reader found damaged. */
  setAsideClosed(hour: number): void {
    if (!this.#hours.closed.list.some((closed) => closed.hour === hour)) return;
    this.#hours.closed.setAside(hour);
  }

  /** Mends or sets aside the open hour that has a segment which a reader found damaged. */
  damagedSegment(segment: number): void {
    this.#hours.damagedSegment(segment);
  }

  /**
   * Removes what is past retention, which needs no room, and closes the segments that are over at `now`. Nothing enters
   * them from the beginning of the call on; reports that come meanwhile are stored.
   */
  async closeSegments(now: UnixSeconds): Promise<void> {
    this.#expire(now);
    const current = Math.max(segmentOf(now), this.arrivalFloor);
    this.#hours.openFor(current);
    for (const hour of this.#hours.open) hour.raiseFence(current - 1);
    this.#hours.scrub(now);
    await this.#segments.close();
  }

  /**
   * Removes what closed segments and hours left behind, and closes the oldest hour when it is over at `now`: one in each call,
   * so that it is published before anything else is done. Called again while a large one is being closed, it leaves that alone.
   */
  async closeHour(now: UnixSeconds): Promise<void> {
    await this.#segments.removeLeftover();
    if (this.#isClosing) return;
    this.#isClosing = true;
    try {
      await this.#discardClosed();
    } finally {
      await this.#closeOldest(now).finally(() => {
        this.#isClosing = false;
      });
    }
  }

  /** Lets go of everything. */
  close(): void {
    this.#hours.close();
  }

  /** The room that this makes may be what the next hour needs. */
  async #discardClosed(): Promise<void> {
    const { closer, layout } = this.#options;
    for (const hour of this.#closed) {
      await closer.discard(layout.filesOfOpenHour(hour));
      this.#closed.delete(hour);
    }
  }

  async #closeOldest(now: UnixSeconds): Promise<void> {
    const [oldest] = this.#hours.open;
    if (oldest === undefined || !(isDue(oldest.hour, now) && isOver(oldest))) return;
    const job = oldest.closingJob(this.#hours.closed.list.at(-1));
    const { closer } = this.#options;
    const closed = await this.#hours.orSetAsideLater(oldest, () => closer.closeHour(job));
    this.#hours.turnClosed(oldest, closed);
    this.#closed.add(oldest.hour);
  }

  #has(hour: OpenHour, records: Uint8Array, at: number): boolean {
    return this.#hours.orSetAside(hour, () => hour.has(records, at));
  }

  #size(): OpenSize {
    let [records, unfiled] = [0, 0];
    for (const { size } of this.#hours.open) {
      records += size.records;
      unfiled += size.unfiled;
    }
    return { records, unfiled };
  }

  /**
   * Retention counts from the newest hour that is closed, or would be if there were room, and not from the clock: a
   * clock that jumps to 2099 must not remove everything at once.
   */
  #expire(now: UnixSeconds): void {
    const due = this.#hours.open.filter(({ hour }) => isDue(hour, now)).map(({ hour }) => hour);
    const newest = Math.max(this.#hours.closed.list.at(-1)?.hour ?? 0, ...due);
    this.#hours.closed.expire(newest - this.#options.retentionDays * HOURS_PER_DAY + 1);
  }
}
