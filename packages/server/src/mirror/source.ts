import { type Fetch, Transfer, TransferError } from "@glowworm/platform";
import {
  type Clock,
  type CryptoSuite,
  DecodeError,
  decodeHoursList,
  HOURS_LIST_BYTES_MAX,
  hourOf,
  type ListedHour,
  PAGE_RECORDS,
  PATHS,
  toHex,
} from "@glowworm/protocol";
import type { DiskRoom, OpenSize } from "../store/embedded/disk-room.ts";
import { copyHour } from "./copy-hour.ts";
import { HourRetries } from "./hour-retries.ts";
import type { MirrorDiary } from "./mirror-diary.ts";
import type { MirrorStore } from "./mirror-store.ts";
import { HourAloneError, patientGet } from "./patient-get.ts";

/** What copying stands on. */
export interface SourceDeps {
  readonly crypto: CryptoSuite;
  readonly clock: Clock;
  readonly fetch: Fetch;
  /** Base URL without a slash at its end. */
  readonly source: string;
  readonly signal: AbortSignal;
  readonly store: MirrorStore;
  readonly room: DiskRoom;
  readonly diary: MirrorDiary;
}

/** Hours close once an hour: the list is read every five minutes, for twelve small requests, however much is to be copied. */
export const POLL_MS: number = 300_000;
const UNAVAILABLE = 503;
/** A mirror has no open hours. */
const NO_OPEN_HOUR: OpenSize = { records: 0, unfiled: 0 };

/** The server whose hours are copied: one list at a time, and the hours of it that are not here, newest first. */
export class Source {
  readonly #deps: SourceDeps;
  readonly #retries: HourRetries = new HourRetries();
  #listed: readonly ListedHour[] = [];
  #missing: ListedHour[] = [];
  #readAtMs = Number.NEGATIVE_INFINITY;
  #isFull = false;

  constructor(deps: SourceDeps) {
    this.#deps = deps;
  }

  /** Whether hours of the last list are to be copied now. */
  get isBehind(): boolean {
    return this.#missing.length > 0;
  }

  /** The newest hour that is over in the last list; null before the first list, and when there is none. */
  get newestListed(): number | null {
    return this.#listed.at(-1)?.hour ?? null;
  }

  /** Copies one hour, of a new list when the last one is done or old. @throws {TransferError} when the source is gone. */
  async step(): Promise<void> {
    const transfer = new Transfer({ ...this.#deps, serverUrl: this.#deps.source });
    const isOld = this.#deps.clock.monotonicMs() - this.#readAtMs >= POLL_MS;
    try {
      if (isOld || !this.isBehind) await this.#read(transfer);
      const [next] = this.#missing;
      if (next !== undefined) await this.#copy(transfer, next);
      this.#missing = this.#missing.slice(1);
    } catch (error) {
      this.#missing = [];
      throw error;
    }
  }

  async #read(transfer: Transfer): Promise<void> {
    const { store, diary, clock } = this.#deps;
    const { hours } = decodeHoursList(await transfer.get(PATHS.hours, HOURS_LIST_BYTES_MAX));
    this.#readAtMs = clock.monotonicMs();
    const now = hourOf(clock.nowMs() / 1000);
    this.#listed = hours.filter(({ hour }) => hour < now);
    if (this.#listed.length < hours.length) {
      const text = "the list has hours that are not over: not copied. Is this clock right?";
      diary.complain("hour-refused", text);
    }
    this.#compare();
    this.#expire();
    const here = new Set(store.hours.map(({ hour }) => hour));
    const missing = this.#listed.filter(({ hour }) => !here.has(hour));
    for (const { hour } of missing.filter((listed) => listed.hour < store.floor)) {
      diary.complain("hour-refused", `hour ${hour}: listed again after it was gone, not copied`);
    }
    this.#retries.keepOnly(new Set(missing.map(({ hour }) => hour)));
    this.#missing = missing
      .filter(({ hour }) => hour >= store.floor && this.#retries.isDue(hour, this.#readAtMs))
      .reverse();
  }

  /** Removes what the source has removed. A list without one hour that is here is taken for no such news. */
  #expire(): void {
    const { store, diary } = this.#deps;
    const [oldest] = this.#listed;
    if (oldest === undefined || store.hours.length === 0) return;
    const listed = new Set(this.#listed.map(({ hour }) => hour));
    if (store.hours.some(({ hour }) => listed.has(hour))) store.expire(oldest.hour);
    else
      diary.complain("hour-refused", "the list has none of the hours that are here: they are kept");
  }

  /** The first copy is kept, and served: it is what shows that the server gave others something else. */
  #compare(): void {
    const { store, diary } = this.#deps;
    const listed = new Map(this.#listed.map(({ hour, manifest }) => [hour, manifest]));
    const oldest = this.#listed[0]?.hour ?? Number.POSITIVE_INFINITY;
    for (const { hour, manifest } of store.hours) {
      const now = listed.get(hour);
      if (hour < oldest || now === manifest) continue;
      const what =
        now === undefined
          ? "no longer listed, kept"
          : `other bytes than before: ${manifest} is kept, now ${now}`;
      diary.complain("hour-refused", `hour ${hour}: ${what}`);
    }
  }

  async #copy(transfer: Transfer, listed: ListedHour): Promise<void> {
    const { crypto, store, diary, clock } = this.#deps;
    const { hour, pages } = listed;
    if (!this.#hasRoom()) {
      this.#missing = [];
      return;
    }
    try {
      this.#assertRoomFor(listed);
      const get = patientGet(transfer, this.#deps);
      const { previous } = await copyHour({ crypto, get, listed, to: store.pathOf(hour) });
      store.add(listed);
      diary.note("hour-copied", `copied hour ${hour}, pages: ${pages}`, { hour, pages });
      this.#checkChain(hour, toHex(previous));
    } catch (error) {
      this.#retries.failed(hour, clock.monotonicMs());
      if (!isOfHourAlone(error)) throw error;
      diary.complain("hour-refused", `hour ${hour}: not copied: ${error.message}`);
    }
  }

  #hasRoom(): boolean {
    const { room, diary } = this.#deps;
    const isFull = room.isFull(NO_OPEN_HOUR);
    if (isFull && !this.#isFull) {
      const text = "the disk has too little room: what is here is served, and nothing copied";
      diary.complain("disk-full", text);
    }
    if (!isFull && this.#isFull) diary.note("disk-free", "there is room again: copying goes on");
    this.#isFull = isFull;
    return !isFull;
  }

  #assertRoomFor({ pages }: ListedHour): void {
    const hour = { records: pages * PAGE_RECORDS, unfiled: 0 };
    if (this.#deps.room.isFull(hour)) throw new HourAloneError("no room for it");
  }

  #checkChain(hour: number, previous: string): void {
    const before = this.#listed[this.#listed.findIndex((one) => one.hour === hour) - 1];
    if (before === undefined || before.manifest === previous) return;
    this.#deps.diary.complain(
      "hour-refused",
      `hour ${hour}: does not follow hour ${before.hour}, the one before it in the list`,
    );
  }
}

/** Whether other hours may be had all the same. */
function isOfHourAlone(error: unknown): error is Error {
  if (error instanceof DecodeError || error instanceof HourAloneError) return true;
  if (!(error instanceof TransferError)) return false;
  const isGone = error.code === "unreachable" || error.code === "timeout";
  return error.status !== UNAVAILABLE && !isGone;
}
