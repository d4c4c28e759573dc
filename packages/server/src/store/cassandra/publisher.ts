import { type Clock, hourOf, secondsNow, segmentOf, type UnixSeconds } from "@glowworm/protocol";
import { FilterCache } from "../filter-cache.ts";
import type { ByteParts, Published, SegmentAbsence } from "../report-store.ts";
import { type ClosedHour, type Closing, findSegment, publishedOf } from "./book.ts";
import type { BookKeeper } from "./book-keeper.ts";
import type { HourCandidates } from "./hour-candidates.ts";
import type { SegmentCandidates } from "./segment-candidates.ts";

/** Answers with what is published, as the store's interface has it. */
export class Publisher {
  readonly #clock: Clock;
  readonly #keeper: BookKeeper;
  readonly #segments: SegmentCandidates;
  readonly #hours: HourCandidates;
  readonly #filters: FilterCache = new FilterCache();

  constructor(
    clock: Clock,
    keeper: BookKeeper,
    segments: SegmentCandidates,
    hours: HourCandidates,
  ) {
    this.#clock = clock;
    this.#keeper = keeper;
    this.#segments = segments;
    this.#hours = hours;
  }

  async published(): Promise<Published> {
    return publishedOf(await this.#keeper.fresh());
  }

  async segment(segment: number): Promise<ByteParts | SegmentAbsence> {
    const known = findSegment(await this.#keeper.fresh(), segment);
    if (typeof known === "object") return await this.#readSegment(known, segment);
    if (known === "gone" || segment >= segmentOf(this.#now())) return known;
    // Another server may have closed it this moment.
    const again = findSegment(await this.#keeper.refresh(), segment);
    return typeof again === "object" ? await this.#readSegment(again, segment) : again;
  }

  async manifest(hour: number): Promise<Uint8Array | null> {
    const closed = await this.#closed(hour);
    return closed === undefined ? null : await this.#hours.manifest(closed.candidate, closed.pages);
  }

  async page(hour: number, page: number): Promise<Uint8Array | null> {
    const closed = await this.#closed(hour);
    if (closed === undefined || page >= closed.pages) return null;
    return await this.#hours.page(closed.candidate, page);
  }

  async filter(hour: number): Promise<Uint8Array | null> {
    const closed = await this.#closed(hour);
    if (closed === undefined || closed.filterBytes === 0) return null;
    const { candidate, filterBytes } = closed;
    return await this.#filters.get(hour, () => this.#hours.filter(candidate, filterBytes));
  }

  /** What the book does not have, another server may have closed this moment. */
  async #closed(hour: number): Promise<ClosedHour | undefined> {
    const find = (hours: readonly ClosedHour[]): ClosedHour | undefined =>
      hours.find((closed) => closed.hour === hour);
    const known = find((await this.#keeper.fresh()).closed);
    if (known !== undefined || hour >= hourOf(this.#now())) return known;
    if (hour <= (this.#keeper.book.closed.at(-1)?.hour ?? -1)) return undefined;
    return find((await this.#keeper.refresh()).closed);
  }

  async #readSegment(closing: Closing, segment: number): Promise<ByteParts | SegmentAbsence> {
    try {
      return await this.#segments.parts(closing, segment);
    } catch (error) {
      // Its bytes go when its hour closes.
      if (findSegment(await this.#keeper.refresh(), segment) === "gone") return "gone";
      throw error;
    }
  }

  #now(): UnixSeconds {
    return secondsNow(this.#clock);
  }
}
