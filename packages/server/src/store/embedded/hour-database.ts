import { renameSync } from "node:fs";
import { dirname } from "node:path";
import { type Database, syncFolder } from "@glowworm/platform";
import { UNFINISHED } from "./layout.ts";
import {
  makeOpenHour,
  type OpenDatabase,
  readFirstSegment,
  readNotes,
  writeNotes,
} from "./open-hour-file.ts";
import { Runs } from "./runs.ts";
import type { FiledSegment } from "./segment-file.ts";

/** Milliseconds that SQLite waits for somebody else's lock. */
const PATIENCE_MS = 5000;

/** The database of an open hour: what is written to it is on disk when the call returns, whole or not at all. */
export class HourDatabase {
  readonly runs: Runs;
  readonly #database: Database;
  /** Whether every commit that can be read here is on disk. */
  #isSettled: boolean;

  /** @param isNew whether nobody wrote to it before. */
  constructor(database: Database, isNew: boolean) {
    this.#database = database;
    this.#isSettled = isNew;
    this.runs = new Runs(database);
    // A checkpoint every 16 MB of log: rarer ones hold a commit up for longer, and save nothing.
    database.pragma("wal_autocheckpoint = 2000");
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
    this.write(() => writeNotes(this.#database, notes));
  }

  /** Does a change; all or nothing of it is on disk when it returns or throws. */
  write<T>(change: () => T): T {
    this.settle();
    this.#isSettled = false;
    const result = this.#database.transaction(change)();
    this.#isSettled = true;
    return result;
  }

  /**
   * A write that failed, or a process that was killed, leaves commits in the log which are in the kernel's memory and
   * perhaps on no disk; syncing the log again may say yes without writing them. Only what is copied into the database and
   * synced there is certain. Without this, a report that is sent again would be found, nothing be written, and a yes said.
   */
  settle(): void {
    if (this.#isSettled) return;
    if (!this.#truncate()) throw new Error("the log is in use");
    this.#isSettled = true;
  }

  /** Empties the log, which holds what was removed. Returns false when somebody else, as a backup, reads it. */
  truncateLog(): boolean {
    this.#database.pragma("busy_timeout = 0");
    try {
      return this.#truncate();
    } finally {
      this.#database.pragma(`busy_timeout = ${PATIENCE_MS}`);
    }
  }

  close(): void {
    this.#database.close();
  }

  #truncate(): boolean {
    const [result] = this.#database.pragma("wal_checkpoint(TRUNCATE)") as {
      readonly busy: number;
    }[];
    return result?.busy === 0;
  }
}
