import {
  decodePage,
  hourOf,
  type Manifest,
  manifestBytes,
  PAGE_BYTES,
  PATHS,
  toHex,
} from "@glowworm/protocol";
import { checkManifest, type ListedHour } from "./closed-hour.ts";
import { forEachOf } from "./each.ts";
import { HourCache } from "./hour-cache.ts";
import { HOUR_PAGES_MAX } from "./hours-list.ts";
import type { ProblemLog } from "./problems.ts";
import { type LookupDeps, type OnRecords, PARALLEL } from "./reading.ts";
import { type Transfer, TransferError } from "./transfer.ts";

/**
 * Hours are kept on the owner's own account: a server that no longer lists them cannot make a place be forgotten. Two
 * months are twice the usual retention, and 50 MB of a quiet server.
 */
const KEPT_HOURS = 60 * 24;
/** Pages of one lookup: 2.2 GB, a month of hours of 90 pages. A server that lists more would fill the disk. */
const LOOKUP_PAGES_MAX = 65_536;

/** Reads closed hours, newest first: from this disk, or from the server and then to this disk. */
export class ClosedHoursReader {
  readonly #deps: LookupDeps;
  readonly #transfer: Transfer;
  readonly #log: ProblemLog;
  readonly #cache: HourCache;
  /** By hour: the hash of the manifest before, in hex. */
  readonly #previous = new Map<number, string>();

  constructor(deps: LookupDeps, transfer: Transfer, log: ProblemLog) {
    this.#deps = deps;
    this.#transfer = transfer;
    this.#log = log;
    this.#cache = new HourCache(deps.crypto, deps.cacheFolder, deps.serverUrl);
  }

  /** Reads every listed hour, and what is on this disk besides. @returns how many could be read. */
  async read(listed: readonly ListedHour[], onRecords: OnRecords): Promise<number> {
    const { clock, signal, onProgress } = this.#deps;
    this.#cache.forgetBefore(hourOf(clock.nowMs() / 1000) - KEPT_HOURS);
    const unlisted = this.#readUnlisted(listed, onRecords);
    let done = 0;
    await forEachOf(this.#affordable(listed), PARALLEL, signal, async (hour) => {
      await this.#log.attempt(nameOf(hour.hour), () => this.#readHour(hour, onRecords));
      done += 1;
      onProgress("closed", done, listed.length);
    });
    this.#checkChain(listed);
    return this.#previous.size + unlisted;
  }

  /** Gives what is on this disk, newest first. @returns how many hours that is. */
  readCached(onRecords: OnRecords): number {
    return this.#readUnlisted([], onRecords);
  }

  #readUnlisted(listed: readonly ListedHour[], onRecords: OnRecords): number {
    const others = new Set(listed.map(({ hour }) => hour));
    let count = 0;
    for (const hour of [...this.#cache.hours()].reverse()) {
      if (others.has(hour)) continue;
      const cached = this.#cache.read(hour);
      if (cached === null) continue;
      onRecords(cached.records);
      count += 1;
    }
    return count;
  }

  /** Newest first, as far as the pages of one lookup go; what is left out is named. */
  #affordable(listed: readonly ListedHour[]): readonly ListedHour[] {
    let pages = 0;
    return [...listed].reverse().filter((hour) => {
      if (hour.pages <= HOUR_PAGES_MAX) pages += hour.pages;
      if (pages <= LOOKUP_PAGES_MAX) return true;
      this.#log.report(nameOf(hour.hour), "too-large", "more than one lookup reads");
      return false;
    });
  }

  async #readHour(listed: ListedHour, onRecords: OnRecords): Promise<void> {
    const cached = this.#cache.read(listed.hour);
    if (cached !== null) onRecords(cached.records);
    if (cached?.manifestHash === listed.manifest) {
      this.#previous.set(listed.hour, toHex(cached.manifest.previous));
      return;
    }
    if (cached !== null) {
      this.#log.report(nameOf(listed.hour), "changed", "not what this server gave before");
    }
    const { manifest, pages } = await this.#fetch(listed);
    this.#previous.set(listed.hour, toHex(manifest.previous));
    for (const page of pages) onRecords(page);
  }

  async #fetch(
    listed: ListedHour,
  ): Promise<{ readonly manifest: Manifest; readonly pages: readonly Uint8Array[] }> {
    const { crypto } = this.#deps;
    if (listed.pages > HOUR_PAGES_MAX) throw new TransferError("too-large", 0);
    const head = await this.#transfer.get(PATHS.manifest(listed.hour), manifestBytes(listed.pages));
    const manifest = checkManifest(crypto, listed, head);
    const pages: Uint8Array[] = [];
    for (const [index, entry] of manifest.pages.entries()) {
      const page = await this.#transfer.get(PATHS.page(listed.hour, index), PAGE_BYTES);
      decodePage(crypto, entry, page);
      pages.push(page);
    }
    this.#cache.write(listed.hour, head, pages);
    return { manifest, pages };
  }

  /** An hour taken out of the middle shows: the one after it names the hash of the one that was there. */
  #checkChain(listed: readonly ListedHour[]): void {
    for (const [index, { hour }] of listed.entries()) {
      const before = listed[index - 1]?.manifest;
      const previous = this.#previous.get(hour);
      if (before === undefined || previous === undefined || previous === before) continue;
      this.#log.report(nameOf(hour), "chain-broken", "does not follow the hour before it");
    }
  }
}

function nameOf(hour: number): string {
  return `hour ${hour}`;
}
