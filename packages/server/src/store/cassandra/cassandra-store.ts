import {
  DAY_SECONDS,
  HOUR_RECORDS_MAX,
  hourOf,
  segmentOf,
  type UnixSeconds,
} from "@glowworm/protocol";
import { assertClock, type StorePlace } from "../clock-check.ts";
import { CommitQueue } from "../commit-queue.ts";
import { FilterCache } from "../filter-cache.ts";
import {
  type ByteParts,
  type Published,
  type ReportStore,
  type SegmentAbsence,
  StoreBusyError,
  type StoreHealth,
} from "../report-store.ts";
import { Arrivals } from "./arrivals.ts";
import { type ClosedHour, type Closing, findSegment, publishedOf } from "./book.ts";
import { BookKeeper } from "./book-keeper.ts";
import { Closer } from "./closer.ts";
import { Fence } from "./fence.ts";
import { FilterThread } from "./filter-thread.ts";
import { Intake } from "./intake.ts";
import { Lease } from "./lease.ts";
import { assertRetention, type CassandraStoreOptions, connected } from "./open.ts";
import { Pieces } from "./pieces.ts";
import { prepareSchema, type Tables } from "./schema.ts";
import type { Session } from "./session.ts";

const CLUSTER: StorePlace = {
  name: "cluster",
  remedy:
    "set the clock; if another server's was ahead when that was published, begin with a new keyspace",
};
/** Records that may wait for the cluster: 1 MB of memory. */
const QUEUE_RECORDS_MAX = 8192;
/** Closed segments of an hour hold no more when it still takes reports: what the open one may hold beside them fits. */
const INTAKE_HOUR_MAX = HOUR_RECORDS_MAX - 2 ** 21;
/** Bytes are kept for so much longer than they are listed: servers that are off do not close hours. */
const SPARE_DAYS = 1;
const HOLDER_BYTES = 16;

/** Opens the store of a keyspace, or makes it. @throws {Failure} when a person has to mend it. */
export async function openCassandraStore(options: CassandraStoreOptions): Promise<ReportStore> {
  assertRetention(options.retentionDays);
  return await connected(options, prepareSchema, async (session, tables) => {
    const store = new CassandraStore(session, tables, options);
    await store.open();
    return store;
  });
}

/**
 * A store that any number of servers share. Nothing is kept here that the cluster does not say, so every server answers
 * with the same bytes. @see docs/decisions/0006-cluster-store.md
 */
class CassandraStore implements ReportStore {
  readonly #options: CassandraStoreOptions;
  readonly #session: Session;
  readonly #keeper: BookKeeper;
  readonly #lease: Lease;
  readonly #pieces: Pieces;
  readonly #closer: Closer;
  readonly #queue: CommitQueue;
  readonly #filters: FilterCache = new FilterCache();
  readonly #filterThread: FilterThread = new FilterThread();
  #isWritable = true;

  constructor(session: Session, tables: Tables, options: CassandraStoreOptions) {
    const { random, crypto, clock, retentionDays } = options;
    const ttlSeconds = (retentionDays + SPARE_DAYS) * DAY_SECONDS;
    const fence = new Fence(session, tables);
    const arrivals = new Arrivals(session, tables, ttlSeconds);
    const pieces = new Pieces(session, tables, ttlSeconds);
    const keeper = new BookKeeper(session, tables, fence, clock, retentionDays);
    const parts = {
      session,
      tables,
      arrivals,
      pieces,
      crypto,
      random,
      filters: this.#filterThread,
    };
    this.#options = options;
    this.#session = session;
    this.#keeper = keeper;
    this.#lease = new Lease(session, tables, random.bytes(HOLDER_BYTES));
    this.#pieces = pieces;
    this.#closer = new Closer(parts, fence, keeper, retentionDays);
    const intake = new Intake(clock, keeper, this.#closer, arrivals, fence, INTAKE_HOUR_MAX);
    const store = (records: Uint8Array): Promise<void> =>
      this.#observed(() => intake.store(records));
    this.#queue = new CommitQueue(store, QUEUE_RECORDS_MAX, options);
  }

  /** @throws {Failure} when the clock is wrong. */
  async open(): Promise<void> {
    await this.#keeper.refresh();
    assertClock(this.#now(), this.#keeper.floor, CLUSTER);
  }

  put(records: Uint8Array): Promise<void> {
    return this.#queue.add(records);
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
    return closed === undefined
      ? null
      : await this.#pieces.manifest(closed.candidate, closed.pages);
  }

  async page(hour: number, page: number): Promise<Uint8Array | null> {
    const closed = await this.#closed(hour);
    if (closed === undefined || page >= closed.pages) return null;
    return await this.#pieces.page(closed.candidate, page);
  }

  async filter(hour: number): Promise<Uint8Array | null> {
    const closed = await this.#closed(hour);
    if (closed === undefined || closed.filterBytes === 0) return null;
    const { candidate, filterBytes } = closed;
    return await this.#filters.get(hour, () => this.#pieces.filter(candidate, filterBytes));
  }

  async maintain(): Promise<void> {
    if (!(await this.#observed(() => this.#lease.hold()))) {
      await this.#keeper.refresh();
      return;
    }
    try {
      await this.#observed(() => this.#closer.close(this.#now()));
    } catch (error) {
      await this.#lease.release().catch(() => {});
      throw error;
    }
  }

  health(): StoreHealth {
    return { isWritable: this.#isWritable, arrivalFloor: this.#keeper.floor };
  }

  async close(): Promise<void> {
    await this.#queue.idle();
    // A lease that cannot be given back expires.
    await this.#lease.release().catch(() => {});
    await this.#filterThread.end();
    await this.#session.close();
  }

  async #observed<T>(write: () => Promise<T>): Promise<T> {
    try {
      const result = await write();
      this.#isWritable = true;
      return result;
    } catch (error) {
      this.#isWritable = error instanceof StoreBusyError;
      throw error;
    }
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
      return await this.#pieces.segmentParts(closing, segment);
    } catch (error) {
      // Its bytes go when its hour closes.
      if (findSegment(await this.#keeper.refresh(), segment) === "gone") return "gone";
      throw error;
    }
  }

  #now(): UnixSeconds {
    return Math.floor(this.#options.clock.nowMs() / 1000);
  }
}
