import {
  equalBytes,
  hourOfSegment,
  SEGMENTS_PER_HOUR,
  segmentOf,
  type UnixSeconds,
} from "@glowworm/protocol";
import { isDue, isOver, lastSegmentOf } from "../hour-rules.ts";
import { arrivalFloor, BOOK, type ClosedHour } from "./book.ts";
import type { BookKeeper } from "./book-keeper.ts";
import type { Fence } from "./fence.ts";
import { closeHour } from "./hour-closer.ts";
import { type CloserParts, closeSegments } from "./segment-closer.ts";
import { intOf } from "./session.ts";

/** Closed hours that a new server looks at again. */
const CLEARED_AT_START = 24;
/** Hours past retention that are removed in one turn: after a leap of the clock, or when the operator keeps less from now on. */
const EXPIRED_AT_ONCE = 24;

/** Closes what is over. Several may do it at the same time: they end with the same. */
export class Closer {
  readonly #parts: CloserParts;
  readonly #fence: Fence;
  readonly #keeper: BookKeeper;
  readonly #retentionDays: number;
  /** Newest closed hour whose segments are known to be removed. */
  #cleared = -1;
  /** Oldest hour that is known to be retained: nothing is left of those before. */
  #expired = -1;
  #isClosingHours = false;

  constructor(parts: CloserParts, fence: Fence, keeper: BookKeeper, retentionDays: number) {
    this.#parts = parts;
    this.#fence = fence;
    this.#keeper = keeper;
    this.#retentionDays = retentionDays;
  }

  /** Closes the segments and hours that are over at `now`, and removes what is past retention. */
  async close(now: UnixSeconds): Promise<void> {
    const floor = arrivalFloor(await this.#keeper.refresh());
    const current = Math.max(segmentOf(now), floor);
    await this.begin(current);
    if (current > floor) await this.#fence.raise(current - 1);
    // Read after the fence is up: an hour that took a report in time is in it.
    await this.#keeper.refresh();
    for (const hour of this.#keeper.book.open) {
      await closeSegments(this.#parts, hour, Math.min(current - 1, lastSegmentOf(hour.hour)));
    }
    await this.#keeper.refresh();
    // Segments are closed while a large hour takes long; a second one waits for it.
    if (this.#isClosingHours) return;
    this.#isClosingHours = true;
    try {
      await this.#closeHours(now);
      await this.#clear();
      await this.#expire();
    } finally {
      this.#isClosingHours = false;
    }
  }

  /**
   * Makes the hour of a segment when it is new, and returns its first segment. It begins at `segment`, or without a gap
   * when the hour before is still open.
   */
  async begin(segment: number): Promise<number> {
    const { open } = this.#keeper.book;
    const hour = hourOfSegment(segment);
    const known = open.find((candidate) => candidate.hour === hour);
    if (known !== undefined) return known.firstSegment;
    const goesOn = open.at(-1)?.hour === hour - 1;
    const first = goesOn ? hour * SEGMENTS_PER_HOUR : segment;
    const { session, tables } = this.#parts;
    const standing = await session.decide(
      `INSERT INTO ${tables("hours")} (book, hour, first_segment) VALUES (${BOOK}, ?, ?) IF NOT EXISTS`,
      [hour, first],
    );
    await this.#keeper.refresh();
    return standing === null ? first : intOf(standing, "first_segment");
  }

  async #closeHours(now: UnixSeconds): Promise<void> {
    for (const hour of this.#keeper.book.open) {
      // The next one names the hash of this one: it waits for it.
      if (!(isDue(hour.hour, now) && isOver(hour))) return;
      const previous = this.#keeper.book.closed.at(-1);
      await closeHour(this.#parts, hour, previous, this.#retentionDays);
      await this.#keeper.refresh();
    }
  }

  /**
   * Removes the segments of closed hours, and with them every time finer than the arrival step. A new server looks again
   * at what one that died may have left: the newest ones.
   */
  async #clear(): Promise<void> {
    for (const hour of this.#keeper.book.closed.slice(-CLEARED_AT_START)) {
      if (hour.hour <= this.#cleared) continue;
      await this.#clearHour(hour);
      this.#cleared = hour.hour;
    }
  }

  /** The list of candidates goes last: without one, the hour is cleared. */
  async #clearHour({ hour, firstSegment, candidate, pages }: ClosedHour): Promise<void> {
    const { session, tables, arrivals, candidates, segments, hours } = this.#parts;
    const listed = await candidates.of(hour);
    if (listed.length === 0) return;
    await arrivals.remove(hour, firstSegment, lastSegmentOf(hour));
    await session.write(`DELETE FROM ${tables("closings")} WHERE hour = ?`, [hour]);
    for (const other of listed) {
      if (other.kind === "segments") await segments.remove(other.candidate);
      else if (!equalBytes(other.candidate, candidate)) await hours.remove(other.candidate, pages);
    }
    await candidates.forget(hour);
  }

  /**
   * Bytes go by themselves, when they have been kept long enough. Arrivals do not: what came after its hour was cleared, or
   * back with a node that had been away for too long, is removed now.
   */
  async #expire(): Promise<void> {
    const oldest = this.#keeper.book.closed[0];
    if (oldest === undefined || oldest.hour <= this.#expired) return;
    const { session, tables, arrivals } = this.#parts;
    const ofBook = `FROM ${tables("hours")} WHERE book = ${BOOK}`;
    const expired = await session.rows(
      `SELECT hour, first_segment ${ofBook} AND hour < ? LIMIT ${EXPIRED_AT_ONCE}`,
      [oldest.hour],
    );
    for (const row of expired) {
      const hour = intOf(row, "hour");
      await arrivals.remove(hour, intOf(row, "first_segment"), lastSegmentOf(hour));
      await session.write(`DELETE ${ofBook} AND hour = ?`, [hour]);
    }
    if (expired.length < EXPIRED_AT_ONCE) this.#expired = oldest.hour;
  }
}
