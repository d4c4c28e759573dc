import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  Failure,
  type FolderLock,
  lockFolder,
  readFileIfAny,
  replaceFile,
} from "@glowworm/platform";
import { ascii, type Clock, type CryptoSuite, type UnixSeconds } from "@glowworm/protocol";
import { ClosedHourReader } from "../store/embedded/closed-hour-reader.ts";
import { DamagedHourError, isUnreadable } from "../store/embedded/damage.ts";
import { formatOf, markFormat } from "../store/embedded/format.ts";
import { type ClosedHour, readFooter } from "../store/embedded/hour-file.ts";
import { Layout } from "../store/embedded/layout.ts";
import { Scrub } from "../store/embedded/scrub.ts";
import type { Published, PublishedHours, SegmentAbsence } from "../store/report-store.ts";

/** File with the number below which hours went. */
const FLOOR = "floor";

/** What a folder of copies is opened with. */
export interface MirrorStoreOptions {
  readonly crypto: CryptoSuite;
  readonly clock: Clock;
  readonly folder: string;
  /** Base URL of the server whose hours these are. */
  readonly source: string;
  /** Told where a damaged file is now. */
  readonly onDamage: (path: string) => void;
}

/**
 * Copies of the closed hours of one server, in files like that server's own. A start reads the end of every file; content
 * is checked when it is served, and by `scrub`. What is damaged is set aside, and can be copied again.
 */
export class MirrorStore implements PublishedHours {
  readonly #options: MirrorStoreOptions;
  readonly #layout: Layout;
  readonly #lock: FolderLock;
  readonly #reader: ClosedHourReader;
  readonly #scrub: Scrub;
  #list: readonly ClosedHour[] = [];
  #floor = 0;

  /** @throws {Failure} when the folder is in use, or is not one of copies of this source. */
  constructor(options: MirrorStoreOptions) {
    const { crypto, clock, folder } = options;
    this.#options = options;
    this.#layout = new Layout(folder);
    this.#layout.makeFolders();
    this.#lock = lockFolder(this.#layout.lock, {
      message: `${folder} is in use by another mirror or server`,
      remedy: "end that one, or choose another folder: --data",
    });
    try {
      this.#claim();
      this.#layout.removeUnfinished();
      this.#load();
    } catch (error) {
      this.#lock.release();
      throw error;
    }
    const pathOf = (hour: number): string => this.pathOf(hour);
    this.#reader = new ClosedHourReader(crypto, clock, pathOf, async (hour) =>
      this.#setAside(hour),
    );
    this.#scrub = new Scrub(crypto, pathOf);
  }

  /** In ascending order. */
  get hours(): readonly ClosedHour[] {
    return this.#list;
  }

  /** Where the file of an hour is, or will be. */
  pathOf(hour: number): string {
    return this.#layout.closedHour(hour);
  }

  /** Takes over an hour whose file has just been written. */
  add(closed: ClosedHour): void {
    this.#list = [...this.#list, closed].sort((a, b) => a.hour - b.hour);
  }

  /** Hours before this one were here and went: what comes under their numbers is not what was there. */
  get floor(): number {
    return this.#floor;
  }

  /** Removes hours before `hour`, for good. */
  expire(hour: number): void {
    if (hour > this.#floor) {
      replaceFile(join(this.#options.folder, FLOOR), ascii(`${hour}\n`));
      this.#floor = hour;
    }
    for (const closed of this.#list) {
      if (closed.hour < hour) rmSync(this.pathOf(closed.hour), { force: true });
    }
    this.#list = this.#list.filter((closed) => closed.hour >= hour);
    this.#layout.expireDamaged(hour);
  }

  /** Checks a piece of what is here. */
  scrub(now: UnixSeconds): void {
    const damaged = this.#scrub.step(now, this.#list);
    if (damaged !== null) this.#setAside(damaged);
  }

  close(): void {
    this.#lock.release();
  }

  async published(): Promise<Published> {
    return { hours: this.#list, open: null };
  }

  async segment(): Promise<SegmentAbsence> {
    return "gone";
  }

  async manifest(hour: number): Promise<Uint8Array | null> {
    const closed = this.#closed(hour);
    return closed === undefined ? null : await this.#reader.manifest(closed);
  }

  async page(hour: number, page: number): Promise<Uint8Array | null> {
    const closed = this.#closed(hour);
    if (closed === undefined || page >= closed.pages) return null;
    return await this.#reader.page(closed, page);
  }

  async filter(hour: number): Promise<Uint8Array | null> {
    const closed = this.#closed(hour);
    return closed === undefined ? null : await this.#reader.filter(closed);
  }

  #closed(hour: number): ClosedHour | undefined {
    return this.#list.find((closed) => closed.hour === hour);
  }

  /** A folder is of one source for ever: its first copies are what later answers are compared with. */
  #claim(): void {
    const { folder, source } = this.#options;
    const path = join(folder, "source");
    const known = readFileIfAny(path);
    const isForeign =
      known === null
        ? existsSync(this.#layout.format) || this.#layout.closedHours().length > 0
        : new TextDecoder().decode(known).trim() !== source;
    if (isForeign) {
      throw new Failure(
        "usage",
        `${folder} does not hold copies of ${source}`,
        "choose another folder: --data",
      );
    }
    if (known === null) replaceFile(path, ascii(`${source}\n`));
    if (existsSync(this.#layout.format)) formatOf(this.#layout);
    // Closed hours are files as they were in the version before.
    markFormat(this.#layout);
  }

  #load(): void {
    const floor = readFileIfAny(join(this.#options.folder, FLOOR));
    if (floor !== null) this.#floor = Number(new TextDecoder().decode(floor));
    for (const hour of this.#layout.closedHours()) {
      try {
        const { pages, manifest } = readFooter(this.#options.crypto, this.pathOf(hour), hour);
        this.add({ hour, pages, manifest });
      } catch (error) {
        // It can be copied again: one try is enough.
        if (!(error instanceof DamagedHourError || isUnreadable(error))) throw error;
        this.#setAside(hour);
      }
    }
  }

  #setAside(hour: number): void {
    this.#list = this.#list.filter((closed) => closed.hour !== hour);
    this.#options.onDamage(this.#layout.setAside(this.pathOf(hour)));
  }
}
