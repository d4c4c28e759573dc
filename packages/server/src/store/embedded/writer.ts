import { Failure, type FolderLock, isErrno, lockFolder } from "@glowworm/platform";
import type { CryptoSuite, RandomSource, UnixSeconds } from "@glowworm/protocol";
import { DAY_SECONDS, SEGMENT_SECONDS } from "@glowworm/protocol";
import { StoreUnavailableError } from "../report-store.ts";
import { HourBook } from "./hour-book.ts";
import { Layout } from "./layout.ts";
import {
  unpackReports,
  type WriterClient,
  type WriterReply,
  type WriterRequest,
  type WriterSettings,
} from "./messages.ts";
import type { OpenDatabase } from "./open-hour.ts";
import { randomFromSeed } from "./seeded-padding.ts";

/** Further than this behind what the store has published, a clock is wrong and not merely corrected. */
const CLOCK_BEHIND_MAX_SECONDS = DAY_SECONDS;

export interface WriterOptions extends WriterSettings {
  readonly crypto: CryptoSuite;
  readonly openDatabase: OpenDatabase;
  readonly pause: () => Promise<void>;
}

/** Answers the requests of one store: what the writing thread does, without the thread. */
export class Writer implements WriterClient {
  readonly #options: WriterOptions;
  #lock: FolderLock | undefined;
  #book: HourBook | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  async ask(request: WriterRequest): Promise<WriterReply> {
    try {
      return await this.#answer(request);
    } catch (error) {
      if (error instanceof Failure) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new StoreUnavailableError(message, { cause: error });
    }
  }

  async #answer(request: WriterRequest): Promise<WriterReply> {
    switch (request.kind) {
      case "open":
        this.#open(request.now);
        return this.#reply(null, true);
      case "commit":
        this.#opened.commit(request.at, unpackReports(request.reports));
        return this.#reply(null, false);
      case "segment":
        return this.#reply(this.#opened.segment(request.segment), false);
      case "maintain": {
        const random: RandomSource = randomFromSeed(this.#options.crypto, request.seed);
        await this.#opened.maintain(request.now, random);
        return this.#reply(null, true);
      }
      case "close": {
        const reply = this.#reply(null, false);
        this.#close();
        return reply;
      }
    }
  }

  get #opened(): HourBook {
    if (this.#book === undefined) throw new Error("the store is not open");
    return this.#book;
  }

  #open(now: UnixSeconds): void {
    const { folder, openDatabase } = this.#options;
    const layout = new Layout(folder);
    try {
      layout.makeFolders();
      const busy = {
        message: `${layout.root}: another server uses this folder`,
        remedy: "stop it, or give this one a folder of its own with --data",
      };
      this.#lock = lockFolder(layout.lock, busy, openDatabase);
      this.#book = new HourBook({ ...this.#options, layout });
      assertClock(now, this.#book);
    } catch (error) {
      this.#close();
      throw explained(error, folder);
    }
  }

  #close(): void {
    this.#book?.close();
    this.#lock?.release();
  }

  #reply(value: WriterReply["value"], withPublished: boolean): WriterReply {
    const { arrivalFloor, damaged } = this.#opened;
    const published = withPublished ? this.#opened.published() : null;
    return { value, state: { arrivalFloor, published, damaged } };
  }
}

function assertClock(now: UnixSeconds, book: HourBook): void {
  const published = book.arrivalFloor * SEGMENT_SECONDS;
  if (now >= published - CLOCK_BEHIND_MAX_SECONDS) return;
  throw new Failure(
    "clockWrong",
    `the clock is ${Math.ceil((published - now) / DAY_SECONDS)} days behind what the data folder has published`,
    "set the clock; if it was ahead when that was published, begin with a new folder: --data",
  );
}

function explained(error: unknown, folder: string): unknown {
  if (isErrno(error, "EACCES") || isErrno(error, "EPERM") || isErrno(error, "EROFS")) {
    return new Failure(
      "noPermission",
      `${folder}: cannot write there`,
      `sudo chown -R "$USER" ${folder}, or choose another folder with --data`,
      { cause: error },
    );
  }
  if (isErrno(error, "EEXIST") || isErrno(error, "ENOTDIR")) {
    return new Failure(
      "usage",
      `--data: ${folder}: that, or a part of it, is a file`,
      "choose a folder, or a path where one can be made",
      { cause: error },
    );
  }
  if (!(error instanceof Error && "code" in error)) return error;
  return new Failure(
    "failure",
    `${folder}: the store cannot be opened: ${error.message}`,
    `see whether the disk is full or failing: df -h ${folder}`,
    { cause: error },
  );
}
