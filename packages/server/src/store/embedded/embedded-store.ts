import type { Clock, CryptoSuite, RandomSource, UnixSeconds } from "@glowworm/protocol";
import { secondsNow } from "@glowworm/protocol";
import { CommitQueue } from "../commit-queue.ts";
import { FilterCache } from "../filter-cache.ts";
import {
  type ByteParts,
  type CommitGroup,
  type Published,
  type ReportStore,
  type SegmentAbsence,
  StoreBusyError,
  type StoreHealth,
} from "../report-store.ts";
import { ClosedHourReader } from "./closed/closed-hour-reader.ts";
import type { ClosedHour } from "./closed/hour-file.ts";
import { MIN_FREE_BYTES_DEFAULT } from "./disk-room.ts";
import { Layout } from "./layout.ts";
import type { WriterClient, WriterReply, WriterRequest, WriterState } from "./messages.ts";
import { SegmentFiles } from "./segments/segment-files.ts";
import { WriterThread } from "./writer-thread.ts";

/** Records that may wait for the disk: half a second of what it takes, 1 MB of memory. */
const QUEUE_RECORDS_MAX = 8192;
const SEED_BYTES = 32;

export interface EmbeddedStoreOptions {
  readonly folder: string;
  readonly retentionDays: number;
  /** Bytes of the disk that stay free: below, reports are refused. Default 256 MiB. */
  readonly minFreeBytes?: number;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Told of every group commit that succeeded. */
  readonly onCommit?: (group: CommitGroup) => void;
  readonly crypto: CryptoSuite;
  /** Told once of every file that was found damaged and set aside, by the name it has now. */
  readonly onDamage?: (path: string) => void;
}

/** Opens or makes the store of one data folder. @throws {Failure} when a person has to mend it. */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
  const { folder, retentionDays, minFreeBytes = MIN_FREE_BYTES_DEFAULT } = options;
  const thread = new WriterThread({ folder, retentionDays, minFreeBytes });
  try {
    return await EmbeddedStore.open(options, thread);
  } catch (error) {
    await thread.end();
    throw error;
  }
}

/**
 * A store in one folder of one machine. All writing happens in the writer, in the order in which it is asked; closed
 * hours and segments are plain files and are read here.
 */
export class EmbeddedStore implements ReportStore {
  readonly #options: EmbeddedStoreOptions;
  readonly #closed: ClosedHourReader;
  readonly #writer: WriterClient;
  readonly #queue: CommitQueue;
  readonly #segments: SegmentFiles;
  readonly #filters: FilterCache = new FilterCache();
  #published: Published = { hours: [], open: null };
  #state: WriterState = {
    arrivalFloor: 0,
    openFrom: 0,
    published: null,
    damaged: [],
    isFull: false,
  };
  #isWritable = true;
  /** Damaged files that `onDamage` was told of. */
  readonly #told: Set<string> = new Set();

  private constructor(options: EmbeddedStoreOptions, writer: WriterClient) {
    this.#options = options;
    this.#writer = writer;
    const layout = new Layout(options.folder);
    this.#closed = new ClosedHourReader(
      options.crypto,
      options.clock,
      (hour) => layout.closedHour(hour),
      async (hour) => void (await this.#ask({ kind: "damaged-hour", hour })),
    );
    this.#segments = new SegmentFiles(
      options.crypto,
      options.clock,
      (segment) => layout.openSegment(segment),
      async (segment) => void (await this.#ask({ kind: "damaged-segment", segment })),
    );
    this.#queue = new CommitQueue((records) => this.#commit(records), QUEUE_RECORDS_MAX, options);
  }

  /** @throws {Failure} when a person has to mend it. */
  static async open(options: EmbeddedStoreOptions, writer: WriterClient): Promise<EmbeddedStore> {
    const store = new EmbeddedStore(options, writer);
    const seed = options.random.bytes(SEED_BYTES);
    await store.#ask({ kind: "open", now: store.#now(), seed });
    return store;
  }

  /** Files that were found damaged since the start and set aside, by the name they have now. */
  get damaged(): readonly string[] {
    return this.#state.damaged;
  }

  put(records: Uint8Array): Promise<void> {
    return this.#queue.add(records);
  }

  async published(): Promise<Published> {
    return this.#published;
  }

  async segment(segment: number): Promise<ByteParts | SegmentAbsence> {
    const { open: range } = this.#published;
    if (range === null) return segment >= this.#state.openFrom ? "open" : "gone";
    if (segment > range.last) return "open";
    if (segment < range.first) return "gone";
    return (await this.#segments.open(segment)) ?? "gone";
  }

  async manifest(hour: number): Promise<Uint8Array | null> {
    const closed = this.#closedHour(hour);
    return closed === undefined ? null : await this.#closed.manifest(closed);
  }

  async page(hour: number, page: number): Promise<Uint8Array | null> {
    const closed = this.#closedHour(hour);
    if (closed === undefined || page >= closed.pages) return null;
    return await this.#closed.page(closed, page);
  }

  async filter(hour: number): Promise<Uint8Array | null> {
    const closed = this.#closedHour(hour);
    if (closed === undefined) return null;
    return await this.#filters.get(hour, () => this.#closed.filter(closed));
  }

  async maintain(): Promise<void> {
    const now = this.#now();
    // A request each: segments are published when they are closed, and not when a large hour is; so is each hour.
    await this.#write({ kind: "close-segments", now });
    let newest: number | undefined;
    do {
      newest = this.#newestClosed;
      await this.#write({ kind: "close-hour", now });
    } while (this.#newestClosed !== newest);
  }

  health(): StoreHealth {
    const isWritable = this.#isWritable && !this.#state.isFull;
    return { isWritable, arrivalFloor: this.#state.arrivalFloor };
  }

  async close(): Promise<void> {
    await this.#queue.idle();
    await this.#ask({ kind: "close" });
  }

  async #commit(records: Uint8Array): Promise<void> {
    await this.#write({ kind: "commit", at: this.#now(), records });
  }

  async #write(request: WriterRequest): Promise<void> {
    try {
      await this.#ask(request);
      this.#isWritable = true;
    } catch (error) {
      this.#isWritable = error instanceof StoreBusyError;
      throw error;
    }
  }

  async #ask(request: WriterRequest): Promise<WriterReply> {
    const reply = await this.#writer.ask(request);
    this.#state = reply.state;
    this.#published = reply.state.published ?? this.#published;
    for (const path of reply.state.damaged) {
      if (this.#told.has(path)) continue;
      this.#told.add(path);
      this.#options.onDamage?.(path);
    }
    return reply;
  }

  get #newestClosed(): number | undefined {
    return this.#published.hours.at(-1)?.hour;
  }

  #closedHour(hour: number): ClosedHour | undefined {
    return this.#published.hours.find((closed) => closed.hour === hour);
  }

  #now(): UnixSeconds {
    return secondsNow(this.#options.clock);
  }
}
