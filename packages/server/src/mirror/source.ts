import { type Fetch, Transfer, TransferError } from "@glowworm/platform";
import {
  type Clock,
  type CryptoSuite,
  DecodeError,
  decodeHoursList,
  HOURS_LIST_BYTES_MAX,
  type ListedHour,
  PATHS,
  toHex,
} from "@glowworm/protocol";
import { type CopyJob, copyHour } from "./copy-hour.ts";
import type { MirrorStore } from "./mirror-store.ts";

/** What copying stands on. */
export interface SourceDeps {
  readonly crypto: CryptoSuite;
  readonly clock: Clock;
  readonly fetch: Fetch;
  /** Base URL without a slash at its end. */
  readonly source: string;
  readonly signal: AbortSignal;
  readonly store: MirrorStore;
  /** Told what is wrong with the source. */
  readonly complain: (line: string) => void;
}

const TOO_MANY_REQUESTS = 429;
/** What a server with the usual limits gives back in this time is 125 MB: the pages of an hour of 900,000 records. */
const PATIENCE_MS = 60_000;
/** Refusals in a row for which an hour that was begun is not given up. */
const PATIENCE_MAX = 10;
const UNAVAILABLE = 503;

/** The server whose hours are copied: one list at a time, and the hours of it that are not here, newest first. */
export class Source {
  readonly #deps: SourceDeps;
  #listed: readonly ListedHour[] = [];
  #missing: ListedHour[] = [];

  constructor(deps: SourceDeps) {
    this.#deps = deps;
  }

  /** Whether hours of the last list are not here yet. */
  get isBehind(): boolean {
    return this.#missing.length > 0;
  }

  /** Copies one hour, of a new list when the last one is done. @throws {TransferError} when the source is gone or busy. */
  async step(): Promise<void> {
    const transfer = new Transfer({ ...this.#deps, serverUrl: this.#deps.source });
    try {
      if (!this.isBehind) await this.#read(transfer);
      const [next] = this.#missing;
      if (next !== undefined) await this.#copy(transfer, next);
      this.#missing = this.#missing.slice(1);
    } catch (error) {
      this.#missing = [];
      throw error;
    }
  }

  async #read(transfer: Transfer): Promise<void> {
    const { store, complain } = this.#deps;
    const { hours } = decodeHoursList(await transfer.get(PATHS.hours, HOURS_LIST_BYTES_MAX));
    this.#listed = hours;
    this.#compare();
    this.#expire();
    const here = new Set(store.hours.map(({ hour }) => hour));
    const missing = hours.filter(({ hour }) => !here.has(hour));
    for (const { hour } of missing.filter((listed) => listed.hour < store.floor)) {
      complain(`hour ${hour}: listed again after it was gone, not copied`);
    }
    this.#missing = missing.filter(({ hour }) => hour >= store.floor).reverse();
  }

  /** Removes what the source has removed. A list without one hour that is here is taken for no such news. */
  #expire(): void {
    const { store, complain } = this.#deps;
    const [oldest] = this.#listed;
    if (oldest === undefined || store.hours.length === 0) return;
    const listed = new Set(this.#listed.map(({ hour }) => hour));
    if (store.hours.some(({ hour }) => listed.has(hour))) store.expire(oldest.hour);
    else complain("the list has none of the hours that are here: they are kept");
  }

  /** The first copy is kept, and served: it is what shows that the server gave others something else. */
  #compare(): void {
    const { store, complain } = this.#deps;
    const listed = new Map(this.#listed.map(({ hour, manifest }) => [hour, manifest]));
    const oldest = this.#listed[0]?.hour ?? Number.POSITIVE_INFINITY;
    for (const { hour, manifest } of store.hours) {
      const now = listed.get(hour);
      if (hour < oldest || now === manifest) continue;
      if (now === undefined) complain(`hour ${hour}: no longer listed, kept`);
      else complain(`hour ${hour}: other bytes than before: ${manifest} is kept, now ${now}`);
    }
  }

  async #copy(transfer: Transfer, listed: ListedHour): Promise<void> {
    const { crypto, store, complain } = this.#deps;
    try {
      const to = store.pathOf(listed.hour);
      const get: CopyJob["get"] = (path, maxBytes) => this.#getPatiently(transfer, path, maxBytes);
      const { previous } = await copyHour({ crypto, get, listed, to });
      store.add(listed);
      this.#checkChain(listed.hour, toHex(previous));
    } catch (error) {
      if (!isOfHourAlone(error)) throw error;
      complain(`hour ${listed.hour}: not copied: ${error.message}`);
    }
  }

  /** Waits when the source says that it was too much at once: an hour that is begun again is fetched again. */
  async #getPatiently(transfer: Transfer, path: string, maxBytes: number): Promise<Uint8Array> {
    const { clock, signal } = this.#deps;
    for (let refusals = 0; ; refusals++) {
      try {
        return await transfer.get(path, maxBytes);
      } catch (error) {
        const isBusy = error instanceof TransferError && error.status === TOO_MANY_REQUESTS;
        if (!isBusy || refusals === PATIENCE_MAX) throw error;
        await clock.sleep(PATIENCE_MS, signal);
      }
    }
  }

  #checkChain(hour: number, previous: string): void {
    const before = this.#listed[this.#listed.findIndex((one) => one.hour === hour) - 1];
    if (before === undefined || before.manifest === previous) return;
    this.#deps.complain(
      `hour ${hour}: does not follow hour ${before.hour}, the one before it in the list`,
    );
  }
}

/** Whether other hours may be had all the same. */
function isOfHourAlone(error: unknown): error is Error {
  if (error instanceof DecodeError) return true;
  if (!(error instanceof TransferError)) return false;
  const isBusy = error.status === TOO_MANY_REQUESTS || error.status === UNAVAILABLE;
  return !isBusy && error.code !== "unreachable" && error.code !== "timeout";
}
