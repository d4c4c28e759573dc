import { type Fetch, Transfer, TransferError } from "@glowworm/platform";
import {
  type Clock,
  type CryptoSuite,
  DecodeError,
  decodeHoursList,
  HOURS_LIST_BYTES_MAX,
  hourOf,
  type ListedHour,
  PATHS,
  toHex,
} from "@glowworm/protocol";
import type { DiskRoom } from "../store/embedded/disk-room.ts";
import { copyHour } from "./copy-hour.ts";
import { CopyRoom } from "./copy-room.ts";
import { HourRetries } from "./hour-retries.ts";
import type { MirrorDiary } from "./mirror-diary.ts";
import type { MirrorStore } from "./mirror-store.ts";
import { HourAloneError, patientGet } from "./patient-get.ts";
import { POLL_MS } from "./reach-back.ts";
import { SourceWitness } from "./source-witness.ts";

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

/** The server whose hours are copied: one list at a time, and the hours of it that are not here, newest first. */
export class Source {
  readonly #deps: SourceDeps;
  readonly #witness: SourceWitness;
  readonly #room: CopyRoom;
  readonly #retries: HourRetries = new HourRetries();
  #listed: readonly ListedHour[] = [];
  #missing: readonly ListedHour[] = [];
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: SourceDeps) {
    this.#deps = deps;
    this.#witness = new SourceWitness(deps.diary);
    this.#room = new CopyRoom(deps.room, deps.diary);
  }

  /** Whether hours of the last list are to be copied now. */
  get isBehind(): boolean {
    return this.#missing.length > 0;
  }

  /** The newest hour that is over in the last list; null before the first list, and when there is none. */
  get newestListed(): number | null {
    return this.#listed.at(-1)?.hour ?? null;
  }

  /**
   * Copies one hour, of a new list when the last one is done or old.
   * @throws {TransferError} {DecodeError} when the source is gone: it gives no list.
   */
  async step(): Promise<void> {
    const transfer = new Transfer({ ...this.#deps, serverUrl: this.#deps.source });
    const isOld = this.#deps.clock.monotonicMs() - this.#readAtMs >= POLL_MS;
    try {
      if (isOld || !this.isBehind) await this.#read(transfer);
      const [next] = this.#missing;
      if (next === undefined) return;
      if (!this.#room.hasAny()) this.#missing = [];
      else await this.#copyOrPutOff(transfer, next);
      this.#missing = this.#missing.filter(({ hour }) => hour !== next.hour);
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
    this.#witness.compare(this.#listed, store.hours);
    const [oldest] = this.#listed;
    if (oldest !== undefined) store.noteOldest(oldest.hour);
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

  /** An hour that cannot be had holds up no other; a source that is gone puts off no hour. */
  async #copyOrPutOff(transfer: Transfer, listed: ListedHour): Promise<void> {
    const { diary, clock } = this.#deps;
    const { hour } = listed;
    try {
      await this.#copy(transfer, listed);
    } catch (error) {
      // Whatever the answer was: as long as the list can be had, it is about this hour alone.
      if (error instanceof TransferError) await this.#read(transfer);
      this.#retries.failed(hour, clock.monotonicMs());
      if (!isOfSource(error)) throw error;
      diary.complain("hour-refused", `hour ${hour}: not copied: ${error.message}`);
    }
  }

  async #copy(transfer: Transfer, listed: ListedHour): Promise<void> {
    const { crypto, store, diary } = this.#deps;
    const { hour, pages } = listed;
    if (!this.#room.hasFor(pages)) throw new HourAloneError("no room for it");
    const get = patientGet(transfer, this.#deps);
    const { previous } = await copyHour({ crypto, get, listed, to: store.pathOf(hour) });
    store.add(listed);
    diary.note("hour-copied", `copied hour ${hour}, pages: ${pages}`, { hour, pages });
    this.#witness.compareChain(this.#listed, hour, toHex(previous));
  }
}

/** Whether the hour is what was asked for in vain, and not the disk what failed. */
function isOfSource(error: unknown): error is Error {
  if (error instanceof DecodeError || error instanceof TransferError) return true;
  return error instanceof HourAloneError;
}
