import { type FileHandle, open } from "node:fs/promises";
import { isErrno } from "@glowworm/platform";
import {
  type Clock,
  manifestBytes,
  PAGE_BYTES,
  type RandomSource,
  type UnixSeconds,
} from "@glowworm/protocol";
import { CommitQueue } from "../commit-queue.ts";
import {
  type NewReport,
  type Published,
  type ReportStore,
  type SegmentAbsence,
  type StoreHealth,
  StoreUnavailableError,
} from "../report-store.ts";
import { SegmentCache } from "../segment-cache.ts";
import { pageOffset } from "./closed-hour.ts";
import { Layout } from "./layout.ts";
import {
  packReports,
  type WriterClient,
  type WriterReply,
  type WriterRequest,
  type WriterState,
} from "./messages.ts";
import { WriterThread } from "./writer-thread.ts";

/** Records that may wait for the disk: half a second of what it takes, 1 MB of memory. */
const QUEUE_RECORDS_MAX = 8192;
const SEED_BYTES = 32;

export interface EmbeddedStoreOptions {
  readonly folder: string;
  readonly retentionDays: number;
  readonly clock: Clock;
  readonly random: RandomSource;
}

/** Opens or makes the store of one data folder. @throws {Failure} when a person has to mend it. */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
  const { folder, retentionDays } = options;
  const thread = new WriterThread({ folder, retentionDays });
  try {
    return await EmbeddedStore.open(options, thread);
  } catch (error) {
    await thread.end();
    throw error;
  }
}

/**
 * A store in one folder of one machine. All writing happens in the writer, in the order in which it is asked; closed
 * hours are plain files and are read here.
 */
export class EmbeddedStore implements ReportStore {
  readonly #options: EmbeddedStoreOptions;
  readonly #layout: Layout;
  readonly #writer: WriterClient;
  readonly #queue: CommitQueue;
  readonly #segments: SegmentCache = new SegmentCache();
  #published: Published = { hours: [], open: null };
  #state: WriterState = { arrivalFloor: 0, published: null, damaged: [] };
  #isWritable = true;

  private constructor(options: EmbeddedStoreOptions, writer: WriterClient) {
    this.#options = options;
    this.#layout = new Layout(options.folder);
    this.#writer = writer;
    this.#queue = new CommitQueue((reports) => this.#commit(reports), QUEUE_RECORDS_MAX);
  }

  /** @throws {Failure} when a person has to mend it. */
  static async open(options: EmbeddedStoreOptions, writer: WriterClient): Promise<EmbeddedStore> {
    const store = new EmbeddedStore(options, writer);
    await store.#ask({ kind: "open", now: store.#now() });
    return store;
  }

  /** Files that were found damaged at the start and set aside, by the name they have now. */
  get damaged(): readonly string[] {
    return this.#state.damaged;
  }

  put(reports: readonly NewReport[]): Promise<void> {
    return this.#queue.add(reports);
  }

  async published(): Promise<Published> {
    return this.#published;
  }

  async segment(segment: number): Promise<Uint8Array | SegmentAbsence> {
    const { open: range } = this.#published;
    if (range === null) return segment >= this.#state.arrivalFloor ? "open" : "gone";
    if (segment > range.last) return "open";
    if (segment < range.first) return "gone";
    return await this.#segments.get(segment, async () => {
      const { value } = await this.#ask({ kind: "segment", segment });
      return value ?? "gone";
    });
  }

  async manifest(hour: number): Promise<Uint8Array | null> {
    const pages = this.#pagesOf(hour);
    return pages === null ? null : await this.#read(hour, 0, manifestBytes(pages));
  }

  async page(hour: number, page: number): Promise<Uint8Array | null> {
    const pages = this.#pagesOf(hour);
    if (pages === null || page >= pages) return null;
    return await this.#read(hour, pageOffset(pages, page), PAGE_BYTES);
  }

  /** Hours of this format have none. */
  async filter(_hour: number): Promise<Uint8Array | null> {
    return null;
  }

  async maintain(): Promise<void> {
    const seed = this.#options.random.bytes(SEED_BYTES);
    await this.#write({ kind: "maintain", now: this.#now(), seed });
  }

  health(): StoreHealth {
    return { isWritable: this.#isWritable, arrivalFloor: this.#state.arrivalFloor };
  }

  async close(): Promise<void> {
    await this.#queue.idle();
    await this.#ask({ kind: "close" });
  }

  async #commit(reports: readonly NewReport[]): Promise<void> {
    await this.#write({ kind: "commit", at: this.#now(), reports: packReports(reports) });
  }

  async #write(request: WriterRequest): Promise<void> {
    try {
      await this.#ask(request);
      this.#isWritable = true;
    } catch (error) {
      this.#isWritable = false;
      throw error;
    }
  }

  async #ask(request: WriterRequest): Promise<WriterReply> {
    const reply = await this.#writer.ask(request);
    this.#state = reply.state;
    this.#published = reply.state.published ?? this.#published;
    return reply;
  }

  #pagesOf(hour: number): number | null {
    return this.#published.hours.find((closed) => closed.hour === hour)?.pages ?? null;
  }

  /** Null when the file has been removed by retention since it was listed. */
  async #read(hour: number, offset: number, length: number): Promise<Uint8Array | null> {
    let file: FileHandle | undefined;
    try {
      file = await open(this.#layout.closedHour(hour), "r");
      const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, offset);
      if (bytesRead !== length) throw new StoreUnavailableError("a closed hour is cut short");
      return buffer;
    } catch (error) {
      if (isErrno(error, "ENOENT")) return null;
      throw new StoreUnavailableError("a closed hour cannot be read", { cause: error });
    } finally {
      await file?.close();
    }
  }

  #now(): UnixSeconds {
    return Math.floor(this.#options.clock.nowMs() / 1000);
  }
}
