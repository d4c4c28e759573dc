import { type Database, openDatabase } from "@glowworm/platform";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { EmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import { LocalCloser } from "../../src/store/embedded/hour-closer.ts";
import { Writer } from "../../src/store/embedded/writer.ts";
import { crypto, NOON_MS } from "./fixtures.ts";

/** Below this the local store takes nothing. */
export const MIN_FREE_BYTES: number = 2 ** 20;

/** A disk that can be full: SQLite itself refuses to grow a database any further. */
export class SmallDisk {
  readonly #open: Database[] = [];
  #pages = 1_000_000;
  /** What the disk says it has left. */
  freeBytes: number = 2 ** 40;

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
    this.#limit(1_000_000);
  }

  #limit(pages: number): void {
    this.#pages = pages;
    for (const database of this.#open) {
      if (database.open) database.pragma(`max_page_count = ${pages}`);
    }
  }
}

/** An embedded store whose writer lives in this thread, over a disk that can fail. */
export async function openLocalStore(
  folder: string,
  disk: SmallDisk = new SmallDisk(),
  clock: FakeClock = new FakeClock(NOON_MS),
  retentionDays = 30,
): Promise<EmbeddedStore> {
  const { openDatabase } = disk;
  const writer = new Writer({
    folder,
    retentionDays,
    minFreeBytes: MIN_FREE_BYTES,
    crypto,
    openDatabase,
    closer: new LocalCloser({ crypto, openDatabase }),
    freeBytes: () => disk.freeBytes,
  });
  const random = seededRandom("local store");
  return await EmbeddedStore.open({ folder, retentionDays, clock, random, crypto }, writer);
}
