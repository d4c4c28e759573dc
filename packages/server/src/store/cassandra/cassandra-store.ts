import { DAY_SECONDS, HOUR_RECORDS_MAX, secondsNow, type UnixSeconds } from "@glowworm/protocol";
import { assertClock, type StorePlace } from "../clock-check.ts";
import { CommitQueue } from "../commit-queue.ts";
import {
  type ByteParts,
  type Published,
  type ReportStore,
  type SegmentAbsence,
  StoreBusyError,
  type StoreHealth,
} from "../report-store.ts";
import { Arrivals } from "./arrivals.ts";
import { BookKeeper } from "./book-keeper.ts";
import { CandidateList } from "./candidate-list.ts";
import { Closer } from "./closer.ts";
import { Fence } from "./fence.ts";
import { FilterThread } from "./filter-thread.ts";
import { HourCandidates } from "./hour-candidates.ts";
import { Intake } from "./intake.ts";
import { Lease } from "./lease.ts";
import { assertRetention, type CassandraStoreOptions, connected } from "./open.ts";
import { Publisher } from "./publisher.ts";
import { prepareSchema, type Tables } from "./schema.ts";
import { SegmentCandidates } from "./segment-candidates.ts";
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
  readonly #publisher: Publisher;
  readonly #closer: Closer;
  readonly #queue: CommitQueue;
  readonly #filterThread: FilterThread = new FilterThread();
  #isWritable = true;

  constructor(session: Session, tables: Tables, options: CassandraStoreOptions) {
    const { random, crypto, clock, retentionDays } = options;
    const ttlSeconds = (retentionDays + SPARE_DAYS) * DAY_SECONDS;
    const fence = new Fence(session, tables);
    const arrivals = new Arrivals(session, tables);
    const segments = new SegmentCandidates(session, tables, ttlSeconds);
    const hours = new HourCandidates(session, tables, ttlSeconds);
    const keeper = new BookKeeper(session, tables, fence, clock, retentionDays);
    const parts = {
      session,
      tables,
      arrivals,
      candidates: new CandidateList(session, tables, ttlSeconds),
      segments,
      hours,
      crypto,
      random,
      filters: this.#filterThread,
    };
    this.#options = options;
    this.#session = session;
    this.#keeper = keeper;
    this.#lease = new Lease(session, tables, random.bytes(HOLDER_BYTES));
    this.#publisher = new Publisher(clock, keeper, segments, hours);
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

  published(): Promise<Published> {
    return this.#publisher.published();
  }

  segment(segment: number): Promise<ByteParts | SegmentAbsence> {
    return this.#publisher.segment(segment);
  }

  manifest(hour: number): Promise<Uint8Array | null> {
    return this.#publisher.manifest(hour);
  }

  page(hour: number, page: number): Promise<Uint8Array | null> {
    return this.#publisher.page(hour, page);
  }

  filter(hour: number): Promise<Uint8Array | null> {
    return this.#publisher.filter(hour);
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

  #now(): UnixSeconds {
    return secondsNow(this.#options.clock);
  }
}
