import { closeSync, fsyncSync, openSync } from "node:fs";
import { writeAll } from "@glowworm/platform";
import { DamagedHourError } from "../damage.ts";
import { Log } from "./log-frames.ts";

/**
 * What SQLite has copied from the log of a database into its file. While somebody reads an older state it copies a part, does
 * not sync that, and never copies it again: a sync that fails later may lose it, and the next one says yes without it.
 */
export class CopiedPages {
  readonly #path: string;
  /** Stays open: who closes a file of a database lets go of all locks that this process has on it. */
  #fd: number | null = null;

  /** @param path of the database. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Writes what the first frames of the log brought into the database there again, and waits for the disk. */
  writeAgain(frames: number): void {
    if (frames <= 0) return;
    this.#fd ??= openSync(this.#path, "r+");
    const fd = this.#fd;
    const isRead = Log.read(this.#path, (log) => copy(log, frames, fd)) ?? false;
    if (!isRead) throw new DamagedHourError("its log is damaged");
    fsyncSync(fd);
  }

  /** Call it after the database is closed. */
  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }
}

/** Others may read meanwhile: of each page they see the newest. Returns false when there are fewer sound frames. */
function copy(log: Log, frames: number, fd: number): boolean {
  const newest: Map<number, number> = new Map();
  let found = 0;
  for (const { isSound, page } of log.frames()) {
    if (found === frames || !isSound) break;
    newest.set(page, found);
    found += 1;
  }
  if (found < frames) return false;
  let at = 0;
  for (const { page, content } of log.frames()) {
    if (at === frames) break;
    if (newest.get(page) === at) writeAll(fd, content, (page - 1) * content.length);
    at += 1;
  }
  return true;
}
