import {
  HOUR_CLOSE_DELAY_SECONDS,
  HOUR_SECONDS,
  hourOfSegment,
  type RandomSource,
  segmentOf,
  type UnixSeconds,
} from "@glowworm/protocol";
import type { Published, SegmentAbsence } from "../report-store.ts";
import { withoutKnown } from "./fresh-records.ts";
import { type HourBookOptions, Hours } from "./hours.ts";
import type { OpenHour } from "./open-hour.ts";

const HOURS_PER_DAY = 24;
const SEED_BYTES = 32;

/**
 * All hours of one data folder. Invariant: what is closed only grows. A report enters the segment of its commit, or
 * the first that is not closed when the clock stepped back, so closed bytes are never touched again.
 */
export class HourBook {
  readonly #options: HourBookOptions;
  readonly #hours: Hours;
  #isClosing = false;

  constructor(options: HourBookOptions) {
    this.#options = options;
    this.#hours = new Hours(options);
  }

  /** Files that were set aside since the start, by the name they have now. */
  get damaged(): readonly string[] {
    return this.#hours.damaged;
  }

  /** First segment that reports may still enter. */
  get arrivalFloor(): number {
    return this.#hours.arrivalFloor;
  }

  /** Whether there is no room for reports. */
  get isFull(): boolean {
    return this.#options.room.isFull(this.#records());
  }

  published(): Published {
    return { hours: this.#hours.closed.list, open: this.#openRange() };
  }

  /**
   * Stores all records (129 bytes each) or none, durably, under the time `at` or the first later one that is not
   * closed. Takes the time of these records, however many there are already.
   */
  commit(at: UnixSeconds, records: Uint8Array): void {
    this.#options.room.assertRoom(this.#records());
    const segment = Math.max(segmentOf(at), this.arrivalFloor);
    const current = this.#hours.openFor(segment);
    const { closed, open } = this.#hours;
    const fresh = withoutKnown(records, (place) => {
      return (
        open.some((hour) => this.#has(hour, segment, records, place)) ||
        closed.newestHas(records, place)
      );
    });
    this.#hours.orSetAside(current, () => current.insert(segment, fresh));
  }

  segment(segment: number): Uint8Array | SegmentAbsence {
    if (segment >= this.arrivalFloor) return "open";
    const hour = this.#hours.open.find((open) => open.hour === hourOfSegment(segment));
    if (hour === undefined || segment < hour.firstSegment) return "gone";
    if (segment > hour.closedThrough) return "open";
    return this.#hours.orSetAside(hour, () => hour.segment(segment));
  }

  /** Sets a closed hour aside that a reader found damaged. */
  setAside(hour: number): void {
    if (this.#hours.closed.list.some((closed) => closed.hour === hour)) {
      this.#hours.closed.setAside(hour);
    }
  }

  /**
   * Removes what is past retention, which needs no room, before it closes what is over at `now`. Called again while a
   * large hour is being closed, it does the rest and leaves that hour alone.
   */
  async maintain(now: UnixSeconds, random: RandomSource): Promise<void> {
    this.#expire(now);
    const current = Math.max(segmentOf(now), this.arrivalFloor);
    this.#hours.openFor(current);
    for (const hour of [...this.#hours.open]) {
      this.#hours.orSetAside(hour, () => {
        hour.closeSegments(this.#options.crypto, random, current - 1);
      });
    }
    this.#hours.scrub(now);
    if (this.#isClosing) return;
    this.#isClosing = true;
    try {
      await this.#closeHours(now, random);
    } finally {
      this.#isClosing = false;
    }
  }

  /** Lets go of everything. */
  close(): void {
    for (const hour of this.#hours.open) hour.close();
  }

  async #closeHours(now: UnixSeconds, random: RandomSource): Promise<void> {
    const { closer, layout } = this.#options;
    for (const hour of [...this.#hours.open]) {
      const isStillOpen = this.#hours.open.includes(hour);
      if (!(isStillOpen && isDue(hour, now) && hour.isOver)) continue;
      const job = {
        hour: hour.hour,
        from: hour.path,
        to: layout.closedHour(hour.hour),
        previous: this.#hours.closed.list.at(-1)?.manifest ?? null,
        seed: random.bytes(SEED_BYTES),
      };
      const closed = await this.#hours.orSetAsideLater(hour, () => closer.close(job));
      this.#hours.turnClosed(hour, closed);
      await closer.discard(hour.path);
    }
  }

  #has(hour: OpenHour, segment: number, records: Uint8Array, at: number): boolean {
    return this.#hours.orSetAside(hour, () => hour.hasBefore(segment, records, at));
  }

  #records(): number {
    return this.#hours.open.reduce((sum, hour) => sum + hour.records, 0);
  }

  /** Closed segments without a gap, from the oldest open hour on. */
  #openRange(): Published["open"] {
    const [oldest, next] = this.#hours.open;
    if (oldest === undefined) return null;
    const goesOn = oldest.isOver && next?.firstSegment === oldest.lastSegment + 1;
    const last = goesOn ? next.closedThrough : oldest.closedThrough;
    return last < oldest.firstSegment ? null : { first: oldest.firstSegment, last };
  }

  /**
   * Retention counts from the newest hour that is closed, or would be if there were room, and not from the clock: a
   * clock that jumps to 2099 must not remove everything at once.
   */
  #expire(now: UnixSeconds): void {
    const due = this.#hours.open.filter((hour) => isDue(hour, now)).map(({ hour }) => hour);
    const newest = Math.max(this.#hours.closed.list.at(-1)?.hour ?? 0, ...due);
    this.#hours.closed.expire(newest - this.#options.retentionDays * HOURS_PER_DAY + 1);
  }
}

function isDue(hour: OpenHour, now: UnixSeconds): boolean {
  return now >= (hour.hour + 1) * HOUR_SECONDS + HOUR_CLOSE_DELAY_SECONDS;
}
