import { rmSync } from "node:fs";
import type { CryptoSuite, RandomSource, UnixSeconds } from "@glowworm/protocol";
import { hourOfSegment, SEGMENTS_PER_HOUR } from "@glowworm/protocol";
import { ClosedHours } from "./closed/closed-hours.ts";
import type { ClosedHour } from "./closed/hour-file.ts";
import { Scrub } from "./closed/scrub.ts";
import type { Closer } from "./closing/closer.ts";
import { isDamage } from "./damage.ts";
import type { DiskRoom } from "./disk-room.ts";
import type { Layout } from "./layout.ts";
import { LostHours } from "./lost-hours.ts";
import { OpenHour, type OpenHourWorld } from "./open/open-hour.ts";
import type { OpenDatabase } from "./open/open-hour-file.ts";
import { RecordHash } from "./open/record-hash.ts";
import { reread, type Wait } from "./reread.ts";

/** What the hours of a folder stand on. */
export interface HourBookOptions {
  readonly layout: Layout;
  readonly crypto: CryptoSuite;
  readonly openDatabase: OpenDatabase;
  readonly retentionDays: number;
  readonly room: DiskRoom;
  readonly closer: Closer;
  /** Lets what waits go first. */
  readonly pause: () => Promise<void>;
  readonly wait: Wait;
  /** What one hour takes, padding of segments not counted. */
  readonly hourRecordsMax: number;
  /** For keys that live as long as this process. */
  readonly random: RandomSource;
}

/** The hours there are: which are open, which are closed, and which turned out to be damaged. */
export class Hours {
  readonly closed: ClosedHours;
  /** Turned to the record that is looked for. */
  readonly hash: RecordHash;
  readonly #layout: Layout;
  readonly #world: OpenHourWorld;
  readonly #scrub: Scrub;
  readonly #wait: Wait;
  readonly #open: OpenHour[] = [];
  readonly #lost: LostHours;

  constructor(options: HourBookOptions) {
    const { crypto, layout, random, wait } = options;
    this.hash = new RecordHash(random);
    this.#layout = layout;
    this.#wait = wait;
    this.#world = { ...options, hash: this.hash };
    this.#lost = new LostHours(layout);
    layout.removeUnfinished();
    // What an hour was made of goes below, in the belief that its closed form stays.
    layout.sync();
    this.closed = new ClosedHours({ crypto, layout, random, wait });
    this.#scrub = new Scrub(crypto, (hour) => layout.closedHour(hour));
    this.#loadOpen();
  }

  /** In ascending order, and all later than the closed ones. */
  get open(): readonly OpenHour[] {
    return this.#open;
  }

  get damaged(): readonly string[] {
    return [...this.closed.damaged, ...this.#lost.files];
  }

  /** First segment that reports may still enter. */
  get arrivalFloor(): number {
    const afterHours = this.closed.floorHour * SEGMENTS_PER_HOUR;
    const afterOpen = (this.#open.at(-1)?.fence ?? -1) + 1;
    return Math.max(afterHours, afterOpen, this.#lost.floor);
  }

  /**
   * The open hour of `segment`, made when it is new. It begins at `segment`, or without a gap when the hour before is still
   * open; not so after damage, because its earlier segments may have been served with other bytes.
   */
  openFor(segment: number): OpenHour {
    const hour = hourOfSegment(segment);
    const newest = this.#open.at(-1);
    if (newest?.hour === hour) return newest;
    const goesOn = newest?.hour === hour - 1 && !this.#lost.has(hour);
    // A disk that did not let a damaged one be set aside may do so now.
    if (this.#layout.filesOfOpenHour(hour).length > 0) this.#lost.setAside(hour);
    const first = goesOn ? hour * SEGMENTS_PER_HOUR : segment;
    const opened = OpenHour.create(this.#world, first);
    this.#open.push(opened);
    return opened;
  }

  /** An open hour has become a closed one. */
  turnClosed(hour: OpenHour, closed: ClosedHour): void {
    const at = this.#open.indexOf(hour);
    // It may have been set aside while it was being closed.
    if (at !== -1) this.#open.splice(at, 1);
    this.closed.add(closed);
    if (at !== -1) hour.close();
  }

  /**
   * Mends the open hour that has a segment which a reader found damaged, or sets it aside. Another reader may have found it
   * before: the hour that took the number over begins later, and has no such segment.
   */
  damagedSegment(segment: number): void {
    const found = this.#open.find(
      ({ firstSegment, closedThrough }) => firstSegment <= segment && segment <= closedThrough,
    );
    if (found === undefined) return;
    const isSound = (): boolean => {
      found.check(segment);
      return true;
    };
    if (!this.#mends(found, isSound)) this.#setAside(found);
  }

  /** Lets go of everything. */
  close(): void {
    for (const hour of this.#open.splice(0)) hour.close();
  }

  /** Checks a piece of the closed hours. */
  scrub(now: UnixSeconds): void {
    const damaged = this.#scrub.step(now, this.closed.list);
    if (damaged !== null) this.closed.setAside(damaged);
  }

  /** Does something with an open hour, and sets it aside when it turns out to be damaged and cannot be mended. */
  orSetAside<T>(hour: OpenHour, work: () => T): T {
    const { mended } = hour;
    try {
      return reread(this.#wait, work);
    } catch (error) {
      this.#setAsideIfDamaged(hour, error, mended);
      throw error;
    }
  }

  /** The same for what takes long. */
  async orSetAsideLater<T>(hour: OpenHour, work: () => Promise<T>): Promise<T> {
    const { mended } = hour;
    try {
      return await work();
    } catch (error) {
      this.#setAsideIfDamaged(hour, error, mended);
      throw error;
    }
  }

  /** What was mended while the work was done, for somebody else, may be what it met. */
  #setAsideIfDamaged(hour: OpenHour, error: unknown, mendedBefore: number): void {
    if (!isDamage(error) || !this.#open.includes(hour)) return;
    if (!this.#mends(hour, () => hour.mended > mendedBefore)) this.#setAside(hour);
  }

  /** Mends an hour, as far as that can be done, and asks whether that is enough. */
  #mends(hour: OpenHour, isEnough: () => boolean): boolean {
    try {
      return reread(this.#wait, () => {
        hour.mend();
        return isEnough();
      });
    } catch (error) {
      if (!isDamage(error)) throw error;
      return false;
    }
  }

  #setAside(hour: OpenHour): void {
    this.#lost.raiseFloor(hour.fence + 1);
    this.#open.splice(this.#open.indexOf(hour), 1);
    hour.close();
    this.#lost.setAside(hour.hour);
  }

  /** An open hour at or before the newest closed one is a leftover of a crash right after closing. */
  #loadOpen(): void {
    const newest = this.closed.list.at(-1)?.hour ?? -1;
    for (const hour of this.#layout.openHours()) {
      if (hour <= newest) for (const path of this.#layout.filesOfOpenHour(hour)) rmSync(path);
      else if (hour < this.closed.floorHour) this.#lost.setAside(hour);
      else this.#load(hour);
    }
    this.#lost.learn(new Set(this.#open.map(({ hour }) => hour)));
    this.#removeUnnoted();
  }

  #load(hour: number): void {
    try {
      this.#open.push(reread(this.#wait, () => OpenHour.load(this.#world, hour)));
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#lost.setAside(hour);
    }
  }

  /** Files that a crash left before they were noted: nobody ever got a byte of them. */
  #removeUnnoted(): void {
    const noted = new Set(this.#open.flatMap(({ closed }) => closed.map(({ segment }) => segment)));
    for (const segment of this.#layout.openSegments()) {
      if (!noted.has(segment)) rmSync(this.#layout.openSegment(segment));
    }
  }
}
