import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { freeBytesOf, isErrno } from "@glowworm/platform";
import type { Clock } from "@glowworm/protocol";

/** A walk over a file for each retained hour: worth one a minute, not one a scrape. */
const FRESH_MS = 60_000;
/** Where a store sets files aside; their names begin with the hour. A store in a cluster has none. */
const DAMAGED = "damaged";

/** Bytes that a folder has, and that its disk has left, and hours set aside in it; null when they cannot be told. */
export interface DiskUse {
  readonly bytes: number | null;
  readonly freeBytes: number | null;
  readonly damagedHours: number | null;
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
  const [bytes, freeBytes, damagedHours] = await Promise.all([
    orNull(() => bytesBelow(folder)),
    orNull(() => freeBytesOf(folder)),
    orNull(() => hoursIn(join(folder, DAMAGED))),
  ]);
  return { bytes, freeBytes, damagedHours };
}

async function orNull(measure: () => number | Promise<number>): Promise<number | null> {
  try {
    return await measure();
  } catch {
    return null;
  }
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

async function hoursIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  });
  return new Set(names.map((name) => Number.parseInt(name, 10))).size;
}
