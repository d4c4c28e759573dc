import {
  type Clock,
  hourOfSegment,
  STORABLE_RECORD_BYTES,
  secondsNow,
  segmentOf,
  type UnixSeconds,
} from "@glowworm/protocol";
import { assertHourHolds } from "../hour-rules.ts";
import { StoreUnavailableError } from "../report-store.ts";
import type { Arrivals } from "./arrivals.ts";
import type { BookKeeper } from "./book-keeper.ts";
import type { Closer } from "./closer.ts";
import type { Fence } from "./fence.ts";

/** Once is an overlap with a closing; this often is a server that cannot keep up. */
const ATTEMPTS_MAX = 5;

/** Takes reports in. */
export class Intake {
  readonly #clock: Clock;
  readonly #keeper: BookKeeper;
  readonly #closer: Closer;
  readonly #arrivals: Arrivals;
  readonly #fence: Fence;
  readonly #hourRecordsMax: number;

  constructor(
    clock: Clock,
    keeper: BookKeeper,
    closer: Closer,
    arrivals: Arrivals,
    fence: Fence,
    hourRecordsMax: number,
  ) {
    this.#hourRecordsMax = hourRecordsMax;
    this.#clock = clock;
    this.#keeper = keeper;
    this.#closer = closer;
    this.#arrivals = arrivals;
    this.#fence = fence;
  }

  /**
   * Durable, and surely in a segment and an hour to come, when it resolves: the fence was still below the segment after
   * the reports had been written, so whoever closes it reads them. Otherwise they are written again, further on.
   * @param records 129 bytes each.
   * @throws {StoreUnavailableError}
   * @throws {StoreBusyError} when the closed segments of the hour hold as many as an hour takes.
   */
  async store(records: Uint8Array): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const segment = await this.#segment();
      this.#assertRoom(hourOfSegment(segment), records.length / STORABLE_RECORD_BYTES);
      await this.#arrivals.write(segment, records);
      const fence = await this.#fence.read();
      if (fence < segment) return;
      this.#keeper.raiseFloor(fence + 1);
    }
    throw new StoreUnavailableError("segments closed faster than reports could be written");
  }

  /** What segments hold that are not closed is not counted. */
  #assertRoom(hour: number, records: number): void {
    const open = this.#keeper.book.open.find((candidate) => candidate.hour === hour);
    const counts = open?.closings.flatMap((closing) => closing.counts) ?? [];
    const sum = counts.reduce((total, count) => total + count, records);
    assertHourHolds(hour, sum, this.#hourRecordsMax, this.#now());
  }

  #now(): UnixSeconds {
    return secondsNow(this.#clock);
  }

  async #segment(): Promise<number> {
    const now = segmentOf(this.#now());
    const segment = Math.max(now, this.#keeper.floor);
    return Math.max(segment, await this.#closer.begin(segment));
  }
}
