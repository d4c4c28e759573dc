import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { makePrivateFolder, syncFolder } from "@glowworm/platform";
import { SEGMENTS_PER_HOUR } from "@glowworm/protocol";

const OPEN_HOUR = /^([0-9]{1,10})\.sqlite$/;
const OPEN_SEGMENT = /^([0-9]{1,12})\.segment$/;
const CLOSED_HOUR = /^([0-9]{1,10})\.hour$/;
const DAMAGED_HOUR = /^([0-9]{1,10})\./;
const DAMAGED_CLOSED_HOUR = /^([0-9]{1,10})\.hour\./;
const DAMAGED_OPEN_HOUR = /^([0-9]{1,10})\.sqlite\./;
/** Its name begins with that of its hour. */
const DAMAGED_SEGMENT = /-([0-9]{1,12})\.segment$/;
/** SQLite keeps these beside a database. */
const COMPANIONS = ["", "-wal", "-shm"] as const;
const COMPANION = /^([0-9]{1,10}\.sqlite)-(?:wal|shm)$/;

/** Names in a store's data folder: `format`, `open/H.sqlite`, `open/S.segment`, `hours/H.hour`, `damaged/`, `lock.sqlite`. */
export class Layout {
  readonly root: string;
  readonly lock: string;
  /** Says which version of this layout the folder has. */
  readonly format: string;
  /** Says whose hours a mirror has copied: a server has none. */
  readonly source: string;
  /** Where a backup is restored to before it takes its place. */
  readonly restoring: string;
  readonly #open: string;
  readonly #hours: string;
  readonly #damaged: string;

  constructor(root: string) {
    this.root = root;
    this.lock = join(root, "lock.sqlite");
    this.format = join(root, "format");
    this.source = join(root, "source");
    this.restoring = join(root, `restore${UNFINISHED}`);
    this.#open = join(root, "open");
    this.#hours = join(root, "hours");
    this.#damaged = join(root, "damaged");
  }

  makeFolders(): void {
    for (const folder of [this.root, this.#open, this.#hours, this.#damaged]) {
      makePrivateFolder(folder);
    }
    syncFolder(this.root);
  }

  /** Waits until the names in both folders are on disk: a process that was killed may have left one that is not. */
  sync(): void {
    syncFolder(this.#hours);
    syncFolder(this.#open);
  }

  openHour(hour: number): string {
    return join(this.#open, `${hour}.sqlite`);
  }

  /** A closed segment of an open hour; segments count from 1970 on. */
  openSegment(segment: number): string {
    return join(this.#open, `${segment}.segment`);
  }

  closedHour(hour: number): string {
    return join(this.#hours, `${hour}.hour`);
  }

  openHours(): readonly number[] {
    return numbersIn(this.#open, OPEN_HOUR);
  }

  /** Files of segments, in ascending order. */
  openSegments(): readonly number[] {
    return numbersIn(this.#open, OPEN_SEGMENT);
  }

  /** All files of an open hour that are there. */
  filesOfOpenHour(hour: number): readonly string[] {
    const database = COMPANIONS.map((companion) => this.openHour(hour) + companion);
    return [...database.filter((path) => existsSync(path)), ...this.#segmentsOf(hour)];
  }

  closedHours(): readonly number[] {
    return numbersIn(this.#hours, CLOSED_HOUR);
  }

  /** Closed hours that were set aside, in ascending order. */
  damagedClosedHours(): readonly number[] {
    return numbersIn(this.#damaged, DAMAGED_CLOSED_HOUR);
  }

  /** Open hours that were set aside, one for each of their files. */
  damagedOpenHours(): readonly number[] {
    return numbersIn(this.#damaged, DAMAGED_OPEN_HOUR);
  }

  /** Segments that were set aside with their hours, in ascending order. */
  damagedSegments(): readonly number[] {
    return numbersIn(this.#damaged, DAMAGED_SEGMENT);
  }

  /** Names of all files that were set aside. */
  damagedFiles(): readonly string[] {
    return existsSync(this.#damaged) ? readdirSync(this.#damaged) : [];
  }

  /**
   * Removes what a crash left half written: nothing in it was ever acknowledged or served. And half removed: what SQLite kept
   * beside a database, which goes first.
   */
  removeUnfinished(): void {
    for (const folder of [this.#open, this.#hours]) {
      for (const name of readdirSync(folder)) {
        const database = COMPANION.exec(name)?.[1];
        const isOrphan = database !== undefined && !existsSync(join(folder, database));
        if (isOrphan || name.includes(UNFINISHED)) rmSync(join(folder, name));
      }
    }
  }

  /** Moves a damaged file out of the way, companions included; returns where it is now. */
  setAside(path: string): string {
    const target = this.#freeName(basename(path));
    for (const companion of COMPANIONS) {
      if (existsSync(path + companion)) renameSync(path + companion, target + companion);
    }
    syncFolder(this.#damaged);
    return target;
  }

  /**
   * Moves a damaged open hour out of the way, its segments first: a start removes segments without a database, and a database
   * without its segments is set aside by the next one. Returns where the database is now.
   */
  setAsideOpenHour(hour: number): string {
    const database = this.openHour(hour);
    const target = this.#freeName(basename(database));
    for (const path of this.#segmentsOf(hour)) renameSync(path, `${target}-${basename(path)}`);
    syncFolder(this.#damaged);
    return this.setAside(database);
  }

  /** Removes damaged files of hours before `hour`: retention holds for them too. */
  expireDamaged(hour: number): void {
    for (const name of readdirSync(this.#damaged)) {
      const found = DAMAGED_HOUR.exec(name)?.[1];
      if (found !== undefined && Number(found) < hour) rmSync(join(this.#damaged, name));
    }
  }

  #segmentsOf(hour: number): readonly string[] {
    return this.openSegments()
      .filter((segment) => Math.floor(segment / SEGMENTS_PER_HOUR) === hour)
      .map((segment) => this.openSegment(segment));
  }

  #freeName(name: string): string {
    for (let copy = 1; ; copy++) {
      const path = join(this.#damaged, `${name}.${copy}`);
      if (!existsSync(path)) return path;
    }
  }
}

/** Marks a file that is not finished: it is renamed when it is. */
export const UNFINISHED: string = ".unfinished";

/** Removes a database and its companions. */
export function removeDatabase(path: string): void {
  for (const companion of COMPANIONS) rmSync(path + companion, { force: true });
}

function numbersIn(folder: string, pattern: RegExp): readonly number[] {
  const numbers: number[] = [];
  if (!existsSync(folder)) return numbers;
  for (const name of readdirSync(folder)) {
    const number = pattern.exec(name)?.[1];
    if (number !== undefined) numbers.push(Number(number));
  }
  return numbers.sort((a, b) => a - b);
}
