import { renameSync } from "node:fs";
import { dirname } from "node:path";
import { type Database, openForReading, syncFolder } from "@glowworm/platform";
import { UNFINISHED } from "../layout.ts";
import type { FiledSegment } from "../segments/segment-file.ts";
import { CopiedPages } from "./copied-pages.ts";
import {
  makeOpenHour,
  type OpenDatabase,
  readFirstSegment,
  readNotes,
  writeNotes,
} from "./open-hour-file.ts";
import { Runs } from "./runs.ts";

/** Milliseconds that SQLite waits for somebody else's lock. */
const PATIENCE_MS = 5000;
/** Log between two copies into the database: more holds a commit up for longer, and saves nothing. */
const LOG_BYTES = 16 * 2 ** 20;
/** Pages that every write changes beside what it is about: three of 8 KiB. */
const WRITE_BYTES = 3 * 8192;

/** What SQLite says of a checkpoint. */
interface Checkpoint {
  /** Whether somebody was in the way, 0 or 1. */
  readonly busy: number;
  /** How many frames of the log are in the database. */
  readonly checkpointed: number;
}

/** The database of an open hour: what is written to it is on disk when the call returns, whole or not at all. */
export class HourDatabase {
  readonly runs: Runs;
  readonly #database: Database;
  readonly #copied: CopiedPages;
  /** Whether every commit that can be read here is on disk, and whatever was copied is there or will be synced. */
  #isSettled: boolean;
  /** About how many bytes went into the log since it was copied last. */
  #logged = 0;

  /** @param isNew whether nobody wrote to it before. */
  constructor(database: Database, isNew: boolean) {
    this.#database = database;
    this.#copied = new CopiedPages(database.name);
    this.#isSettled = isNew;
    this.runs = new Runs(database);
    // SQLite keeps to itself that a checkpoint of its own has failed.
    database.pragma("wal_autocheckpoint = 0");
    database.pragma("cache_size = -8192");
  }

  /** Makes the file of an hour that begins at a segment: there whole and on disk under its name, or not at all. */
  static create(open: OpenDatabase, path: string, firstSegment: number): HourDatabase {
    const unfinished = path + UNFINISHED;
    makeOpenHour(open, unfinished, firstSegment, () => {});
    renameSync(unfinished, path);
    syncFolder(dirname(path));
    return new HourDatabase(open(path), true);
  }

  /** @throws {DamagedHourError} */
  get firstSegment(): number {
    return readFirstSegment(this.#database);
  }

  get notes(): readonly FiledSegment[] {
    return readNotes(this.#database);
  }

  /** Notes that segments have files. */
  note(notes: readonly FiledSegment[]): void {
    const bytes = notes.reduce((sum, { content }) => sum + (content?.length ?? 0), 0);
    this.write(bytes, () => writeNotes(this.#database, notes));
  }

  /** Does a change of about so many bytes; all or nothing of it is on disk when it returns or throws. */
  write<T>(bytes: number, change: () => T): T {
    this.settle();
    this.#isSettled = false;
    const result = this.#database.transaction(change)();
    this.#isSettled = true;
    this.#logged += bytes + WRITE_BYTES;
    if (this.#logged >= LOG_BYTES) this.#shortenLog();
    return result;
  }

  /**
   * A write that failed, or a process that was killed, leaves commits in the log which are in the kernel's memory and
   * perhaps on no disk; syncing the log again may say yes without writing them. Only what is copied into the database and
   * synced there is certain, all of it after the failure. Without this, a report that is sent again would be found, nothing be written, and a yes said.
   */
  settle(): void {
    if (!this.#isSettled && !this.#emptyLog()) throw new Error("the log is in use");
  }

  /** Empties the log, which holds what was removed. Returns false when somebody else, as a backup, reads it. */
  truncateLog(): boolean {
    this.#database.pragma("busy_timeout = 0");
    try {
      return this.#emptyLog();
    } finally {
      this.#database.pragma(`busy_timeout = ${PATIENCE_MS}`);
    }
  }

  /** Who closes a database last copies its log, and removes it: what was copied before a failure is to be certain then. */
  close(): void {
    this.#database.pragma("busy_timeout = 0");
    let reader: Database | null = null;
    try {
      this.settle();
    } catch {
      // The disk does not let it be certain, or somebody reads the log: then it stays.
      reader = readerOf(this.#database.name);
    }
    this.#database.close();
    reader?.close();
    this.#copied.close();
  }

  /** What was written is in the log, and on disk, also when this fails: then the next write has to settle. */
  #shortenLog(): void {
    this.#logged = 0;
    try {
      this.#checkpoint("PASSIVE");
    } catch {
      // It is not settled now.
    }
  }

  /** Returns false when somebody else reads the log. */
  #emptyLog(): boolean {
    if (!this.#isSettled) this.#copied.writeAgain(this.#checkpoint("PASSIVE").checkpointed);
    const isEmpty = this.#checkpoint("TRUNCATE").busy === 0;
    if (isEmpty) this.#isSettled = true;
    return isEmpty;
  }

  #checkpoint(mode: "PASSIVE" | "TRUNCATE"): Checkpoint {
    const wasSettled = this.#isSettled;
    this.#isSettled = false;
    const [result] = this.#database.pragma(`wal_checkpoint(${mode})`) as Checkpoint[];
    if (result === undefined) throw new Error("a checkpoint says nothing");
    this.#isSettled = wasSettled;
    return result;
  }
}

/** A reader of a database: when it is closed last, by one who may not write, its log stays. Null when nobody can read it. */
function readerOf(path: string): Database | null {
  let reader: Database | null = null;
  try {
    reader = openForReading(path);
    reader.pragma("user_version");
    return reader;
  } catch {
    reader?.close();
    return null;
  }
}
