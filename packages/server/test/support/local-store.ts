import { type Database, openDatabase, openForReading } from "@glowworm/platform";
import { HOUR_RECORDS_MAX } from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import type { ClosedHour } from "../../src/store/embedded/closed/hour-file.ts";
import type { ClosingJob } from "../../src/store/embedded/closing/close-hour.ts";
import type { SegmentsJob } from "../../src/store/embedded/closing/close-segments.ts";
import { type Closer, LocalCloser } from "../../src/store/embedded/closing/closer.ts";
import { EmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import type { Wait } from "../../src/store/embedded/reread.ts";
import type { FiledSegment } from "../../src/store/embedded/segments/segment-file.ts";
import { Writer } from "../../src/store/embedded/writer.ts";
import { crypto, NOON_MS } from "./fixtures.ts";

/** Below this the local store takes nothing. */
export const MIN_FREE_BYTES: number = 2 ** 20;

const MANY_PAGES = 1_000_000;

/** A disk that can be full: SQLite itself refuses to grow a database any further, and no segment or hour gets a file. */
export class SmallDisk {
  readonly #open: Database[] = [];
  #pages = MANY_PAGES;
  /** What the disk says it has left. */
  freeBytes: number = 2 ** 40;
  /** What is done between two pieces of work that may wait. */
  pause: () => Promise<void> = async () => {};
  /** What is done before something is read again that could not be read. */
  wait: (ms: number) => void = () => {};
  closer: Closer = new FullDiskCloser(
    () => this.#pages < MANY_PAGES,
    (ms) => this.wait(ms),
  );

  readonly openDatabase = (path: string): Database => {
    const database = openDatabase(path);
    database.pragma(`max_page_count = ${this.#pages}`);
    this.#open.push(database);
    return database;
  };

  /** Nothing new fits any more. */
  fill(): void {
    this.#limit(1);
  }

  /** Somebody made room. */
  empty(): void {
    this.#limit(MANY_PAGES);
  }

  #limit(pages: number): void {
    this.#pages = pages;
    for (const database of this.#open) {
      if (database.open) database.pragma(`max_page_count = ${pages}`);
    }
  }
}

/** Closes in this thread, as long as there is room. */
class FullDiskCloser extends LocalCloser {
  readonly #isFull: () => boolean;

  constructor(isFull: () => boolean, wait: Wait) {
    super({ crypto, openForReading, wait });
    this.#isFull = isFull;
  }

  override async closeSegments(job: SegmentsJob): Promise<readonly FiledSegment[]> {
    this.#assertRoom();
    return await super.closeSegments(job);
  }

  override async closeHour(job: ClosingJob): Promise<ClosedHour> {
    this.#assertRoom();
    return await super.closeHour(job);
  }

  #assertRoom(): void {
    if (this.#isFull()) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
  }
}

/** An embedded store whose writer lives in this thread, over a disk that can fail. */
export async function openLocalStore(
  folder: string,
  disk: SmallDisk = new SmallDisk(),
  clock: FakeClock = new FakeClock(NOON_MS),
  retentionDays = 30,
  hourRecordsMax: number = HOUR_RECORDS_MAX,
): Promise<EmbeddedStore> {
  const { openDatabase } = disk;
  const writer = new Writer({
    folder,
    retentionDays,
    minFreeBytes: MIN_FREE_BYTES,
    crypto,
    openDatabase,
    closer: disk.closer,
    pause: () => disk.pause(),
    wait: (ms) => disk.wait(ms),
    hourRecordsMax,
    freeBytes: () => disk.freeBytes,
  });
  const random = seededRandom("local store");
  return await EmbeddedStore.open({ folder, retentionDays, clock, random, crypto }, writer);
}
