import { readdir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@glowworm/protocol";

/** A walk over a file for each retained hour: worth one a minute, not one a scrape. */
const FRESH_MS = 60_000;

/** Bytes that a folder has, and that its disk has left; null when they cannot be told. */
export interface DiskUse {
  readonly bytes: number | null;
  readonly freeBytes: number | null;
}

/** How full the disk of a folder is, as of at most a minute ago. */
export class DiskWatch {
  readonly #folder: string;
  readonly #clock: Clock;
  #use: Promise<DiskUse> | undefined;
  #atMs = 0;

  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
  }

  use(): Promise<DiskUse> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#use === undefined || nowMs - this.#atMs >= FRESH_MS) {
      this.#atMs = nowMs;
      this.#use = diskUse(this.#folder);
    }
    return this.#use;
  }
}

async function diskUse(folder: string): Promise<DiskUse> {
  const [bytes, freeBytes] = await Promise.all([
    bytesBelow(folder).catch(() => null),
    freeBytesOf(folder).catch(() => null),
  ]);
  return { bytes, freeBytes };
}

/** What is left for programs that are not root. */
async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Files come and go meanwhile: one that is gone has no bytes. */
async function bytesBelow(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => null);
    bytes += found?.size ?? 0;
  }
  return bytes;
}
