import { rmSync } from "node:fs";
import { type CryptoSuite, DecodeError, type RandomSource } from "@glowworm/protocol";
import { DamagedHourError } from "../damage.ts";
import type { Layout } from "../layout.ts";
import { reread, type Wait } from "../reread.ts";
import { ClosedReports } from "./closed-reports.ts";
import { type ClosedHour, readFooter } from "./hour-file.ts";

/** What closed hours stand on. */
export interface ClosedHoursWorld {
  readonly crypto: CryptoSuite;
  readonly layout: Layout;
  readonly random: RandomSource;
  readonly wait: Wait;
}

/**
 * The closed hours of one data folder: in memory a line for each, and the filter of the newest. Starting reads the end
 * of every file and that filter, so it grows with the number of hours and not of reports; content is checked when it
 * is served, and by `Scrub`.
 */
export class ClosedHours {
  readonly #crypto: CryptoSuite;
  readonly #layout: Layout;
  readonly #random: RandomSource;
  readonly #wait: Wait;
  readonly #damaged: string[] = [];
  #list: readonly ClosedHour[] = [];
  /** Null until somebody asks. */
  #newest: ClosedReports | null = null;
  #floorHour = 0;

  constructor({ crypto, layout, random, wait }: ClosedHoursWorld) {
    this.#crypto = crypto;
    this.#layout = layout;
    this.#random = random;
    this.#wait = wait;
    for (const hour of layout.closedHours()) {
      this.#raiseFloor(hour);
      this.#orSetAside(hour, () => {
        const { pages, manifest } = readFooter(crypto, layout.closedHour(hour), hour);
        this.#list = [...this.#list, { hour, pages, manifest }];
      });
    }
    for (const hour of layout.damagedClosedHours()) this.#raiseFloor(hour);
    const newest = this.#list.at(-1);
    if (newest !== undefined) this.#orSetAside(newest.hour, () => this.#indexed(newest.hour));
  }

  /** In ascending order. */
  get list(): readonly ClosedHour[] {
    return this.#list;
  }

  /** Files that were set aside since the start, by the name they have now. */
  get damaged(): readonly string[] {
    return this.#damaged;
  }

  /** First hour that has never been closed here, damaged ones included. */
  get floorHour(): number {
    return this.#floorHour;
  }

  /** Whether the newest holds the record of 129 bytes at `at`. The first call for an hour reads its filter. */
  newestHas(records: Uint8Array, at: number): boolean {
    const newest = this.#list.at(-1);
    if (newest === undefined) return false;
    return (
      this.#orSetAside(newest.hour, () => this.#indexed(newest.hour).has(records, at)) ?? false
    );
  }

  /** Takes over an hour whose file has just been written. Reads nothing: it is closed whether it can be read now or not. */
  add(closed: ClosedHour): void {
    this.#list = [...this.#list, closed];
    this.#newest = null;
    this.#raiseFloor(closed.hour);
  }

  /** Removes hours before `hour`, damaged ones too, but never the newest: the next manifest names its hash. */
  expire(hour: number): void {
    const newest = this.#list.at(-1);
    const isKept = (closed: ClosedHour): boolean => closed === newest || closed.hour >= hour;
    for (const closed of this.#list) {
      if (!isKept(closed)) rmSync(this.#layout.closedHour(closed.hour), { force: true });
    }
    this.#list = this.#list.filter(isKept);
    this.#layout.expireDamaged(hour);
  }

  /** Moves an hour out of the way that is not what was written. Its number is never used again. */
  setAside(hour: number): void {
    this.#damaged.push(this.#layout.setAside(this.#layout.closedHour(hour)));
    const wasNewest = this.#list.at(-1)?.hour === hour;
    this.#list = this.#list.filter((closed) => closed.hour !== hour);
    if (wasNewest) this.#newest = null;
  }

  /** Of the newest, which is `hour`. */
  #indexed(hour: number): ClosedReports {
    if (this.#newest === null) {
      const path = this.#layout.closedHour(hour);
      const footer = readFooter(this.#crypto, path, hour);
      this.#newest = new ClosedReports(path, footer, this.#random);
    }
    return this.#newest;
  }

  #raiseFloor(hour: number): void {
    this.#floorHour = Math.max(this.#floorHour, hour + 1);
  }

  #orSetAside<T>(hour: number, work: () => T): T | undefined {
    try {
      return reread(this.#wait, work);
    } catch (error) {
      if (!(error instanceof DamagedHourError || error instanceof DecodeError)) throw error;
      this.setAside(hour);
      return undefined;
    }
  }
}
