import { existsSync } from "node:fs";
import { Failure, type FolderLock, folderTrouble, lockFolder, messageOf } from "@glowworm/platform";
import type { CryptoSuite, RandomSource, UnixSeconds } from "@glowworm/protocol";
import { assertClock, type StorePlace } from "../clock-check.ts";
import {
  type Published,
  StoreBusyError,
  StoreFullError,
  StoreUnavailableError,
} from "../report-store.ts";
import type { Closer } from "./closing/closer.ts";
import { randomFromSeed } from "./closing/seeded-padding.ts";
import { DiskRoom } from "./disk-room.ts";
import { HourBook } from "./hour-book.ts";
import { Layout } from "./layout.ts";
import type { WriterClient, WriterReply, WriterRequest, WriterSettings } from "./messages.ts";
import { migrate } from "./migration/format.ts";
import type { OpenDatabase } from "./open/open-hour-file.ts";
import type { Wait } from "./reread.ts";

const FOLDER: StorePlace = {
  name: "data folder",
  remedy: "set the clock; if it was ahead when that was published, begin with a new folder: --data",
};

export interface WriterOptions extends WriterSettings {
  readonly crypto: CryptoSuite;
  readonly openDatabase: OpenDatabase;
  readonly closer: Closer;
  /** Lets what waits go first. */
  readonly pause: () => Promise<void>;
  readonly wait: Wait;
  /** What one hour takes, padding of segments not counted. */
  readonly hourRecordsMax: number;
  /** What the disk of this folder has left for this user, in bytes. */
  readonly freeBytes: (folder: string) => number;
}

/** Answers the requests of one store: what the writing thread does, without the thread. */
export class Writer implements WriterClient {
  readonly #options: WriterOptions;
  #lock: FolderLock | undefined;
  #book: HourBook | undefined;
  /** What the newest reply that spoke of it said. */
  #said: Published | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  async ask(request: WriterRequest): Promise<WriterReply> {
    try {
      return await this.#answer(request);
    } catch (error) {
      const isKnown = error instanceof StoreFullError || error instanceof StoreBusyError;
      if (isKnown || error instanceof Failure) throw error;
      const message = messageOf(error);
      throw new StoreUnavailableError(message, { cause: error });
    }
  }

  async #answer(request: WriterRequest): Promise<WriterReply> {
    switch (request.kind) {
      case "open":
        this.#open(request.now, randomFromSeed(this.#options.crypto, request.seed));
        return this.#reply();
      case "commit":
        this.#opened.commit(request.at, request.records);
        return this.#reply();
      case "close-segments":
        await this.#opened.closeSegments(request.now);
        return this.#reply();
      case "close-hour":
        await this.#opened.closeHour(request.now);
        return this.#reply();
      case "damaged-hour":
        this.#opened.setAsideClosed(request.hour);
        return this.#reply();
      case "damaged-segment":
        this.#opened.damagedSegment(request.segment);
        return this.#reply();
      case "close": {
        const reply = this.#reply();
        await this.#close();
        return reply;
      }
    }
  }

  get #opened(): HourBook {
    if (this.#book === undefined) throw new Error("the store is not open");
    return this.#book;
  }

  #open(now: UnixSeconds, random: RandomSource): void {
    const { folder, openDatabase, crypto, wait, freeBytes, minFreeBytes } = this.#options;
    const layout = new Layout(folder);
    try {
      layout.makeFolders();
      const busy = {
        message: `${layout.root}: another server uses this folder`,
        remedy: "stop it, or give this one a folder of its own with --data",
      };
      this.#lock = lockFolder(layout.lock, busy, openDatabase);
      assertNoMirror(layout);
      migrate({ layout, crypto, openDatabase, wait });
      const room = new DiskRoom(() => freeBytes(folder), minFreeBytes);
      this.#book = new HourBook({ ...this.#options, layout, room, random });
      assertClock(now, this.#book.arrivalFloor, FOLDER);
    } catch (error) {
      this.#book?.close();
      this.#lock?.release();
      throw explained(error, layout);
    }
  }

  async #close(): Promise<void> {
    await this.#options.closer.end();
    this.#book?.close();
    this.#lock?.release();
  }

  #reply(): WriterReply {
    const { arrivalFloor, openFrom, damaged, isFull } = this.#opened;
    return { state: { arrivalFloor, openFrom, published: this.#news(), damaged, isFull } };
  }

  /** What can be fetched, when the reply before this one said otherwise: another request may have changed it meanwhile. */
  #news(): Published | null {
    const { hours, open } = this.#opened.published();
    const { hours: saidHours, open: saidOpen } = this.#said ?? {};
    const isSame =
      hours === saidHours && open?.first === saidOpen?.first && open?.last === saidOpen?.last;
    if (isSame) return null;
    this.#said = { hours, open };
    return this.#said;
  }
}

/** The hours of a mirror are another server's: what is stored beside them would be published as if it were. @throws {Failure} */
function assertNoMirror({ root, source }: Layout): void {
  if (!existsSync(source)) return;
  throw new Failure(
    "usage",
    `--data: ${root} holds the copies of a mirror`,
    "give this server a folder of its own with --data",
  );
}

function explained(error: unknown, { root, lock }: Layout): unknown {
  const trouble = folderTrouble(error, root, "--data", lock);
  if (trouble !== null) return trouble;
  if (!(error instanceof Error && "code" in error)) return error;
  return new Failure(
    "failure",
    `${root}: the store cannot be opened: ${error.message}`,
    `see whether the disk is full or failing: df -h ${root}`,
    { cause: error },
  );
}
