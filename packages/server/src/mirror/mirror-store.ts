import type { Clock, CryptoSuite, UnixSeconds } from "@glowworm/protocol";
import { ClosedHourReader } from "../store/embedded/closed/closed-hour-reader.ts";
import { type ClosedHour, readFooter } from "../store/embedded/closed/hour-file.ts";
import { Scrub } from "../store/embedded/closed/scrub.ts";
import { DamagedHourError, isUnreadable } from "../store/embedded/damage.ts";
import type { Published, PublishedHours, SegmentAbsence } from "../store/report-store.ts";
import { MirrorFolder } from "./mirror-folder.ts";

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
  readonly #folder: MirrorFolder;
  readonly #reader: ClosedHourReader;
  readonly #scrub: Scrub;
  #list: readonly ClosedHour[] = [];

  /** @throws {Failure} when the folder is in use, or is not one of copies of this source. */
  constructor(options: MirrorStoreOptions) {
    const { crypto, clock, folder, source } = options;
    this.#options = options;
    this.#folder = new MirrorFolder(folder, source, clock);
    try {
      this.#load();
    } catch (error) {
      this.#folder.release();
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

  /** As `MirrorFolder.floor`. */
  get floor(): number {
    return this.#folder.floor;
  }

  /** Where the file of an hour is, or will be. */
  pathOf(hour: number): string {
    return this.#folder.pathOf(hour);
  }

  /** Takes over an hour whose file has just been written. */
  add(closed: ClosedHour): void {
    this.#list = [...this.#list, closed].sort((a, b) => a.hour - b.hour);
  }

  /** As `MirrorFolder.noteOldest`. */
  noteOldest(hour: number): void {
    this.#folder.noteOldest(hour);
    this.#list = this.#list.filter((closed) => closed.hour >= this.floor);
  }

  /** Checks a piece of what is here. */
  scrub(now: UnixSeconds): void {
    const damaged = this.#scrub.step(now, this.#list);
    if (damaged !== null) this.#setAside(damaged);
  }

  close(): void {
    this.#folder.release();
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

  #load(): void {
    for (const hour of this.#folder.hours) {
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
    this.#options.onDamage(this.#folder.setAside(hour));
  }
}
