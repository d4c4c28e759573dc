import { join } from "node:path";
import { setImmediate as letSignalsIn } from "node:timers/promises";
import { makePrivateFolder, readFileIfAny, replaceFile } from "@glowworm/platform";
import {
  type CryptoSuite,
  concat,
  DAY_SECONDS,
  dayOf,
  EPOCHS_PER_DAY,
  type EpochRef,
  UNTRUSTED_AHEAD_SECONDS,
  type UnixSeconds,
} from "@glowworm/protocol";
import type { CacheTrouble } from "../cache-trouble.ts";
import {
  type CandidateDays,
  dayCount,
  decodeCandidateCache,
  encodeCandidateCache,
} from "./candidate-cache.ts";
import { deriveDayIds } from "./day-ids.ts";

/** A device with its key: what a lookup is for. */
export interface DeviceKeys {
  /** Number of the device under the owner key: names the cache file. */
  readonly number: number;
  /** Device key `K`, 32 bytes. */
  readonly key: Uint8Array;
  /** No broadcast of it is older. */
  readonly since: UnixSeconds;
}

/** What candidates are made with. */
export interface CandidateDeps {
  readonly crypto: CryptoSuite;
  readonly cacheFolder: string;
  readonly trouble: CacheTrouble;
  readonly signal: AbortSignal;
  /** Days derived so far, of how many. */
  readonly onDays: (done: number, total: number) => void;
}

/**
 * A zone error moves a beacon's clock by up to 14 hours, and the owner's own clock may be wrong by as much: one day
 * before the first card, two after today.
 */
const DAYS_BEFORE = 1;
const DAYS_AHEAD = 2;
const DAYS_AHEAD_WIDE = UNTRUSTED_AHEAD_SECONDS / DAY_SECONDS;

/** Last day of the window that is always searched. */
export function lastUsualDay(now: UnixSeconds): number {
  return dayOf(now) + DAYS_AHEAD;
}

/** Last day a beacon with an untrusted clock may be in. */
export function lastPossibleDay(now: UnixSeconds): number {
  return dayOf(now) + DAYS_AHEAD_WIDE;
}

/** The epoch of the id at `index`. */
export function epochAt(days: CandidateDays, index: number): EpochRef {
  return {
    day: days.firstDay + Math.floor(index / EPOCHS_PER_DAY),
    epoch: index % EPOCHS_PER_DAY,
  };
}

/**
 * The ids of every epoch from the day before the device was made to `lastDay` or, where the cache knows more, beyond.
 * Each day is derived once and kept, where the disk takes it; what was derived before an abort is kept as well.
 */
export async function loadCandidates(
  deps: CandidateDeps,
  device: DeviceKeys,
  lastDay: number,
): Promise<CandidateDays> {
  const path = join(deps.cacheFolder, "candidates", `${device.number}.ids`);
  const firstDay = dayOf(device.since) - DAYS_BEFORE;
  const cached = readCache(deps, device, path, firstDay);
  const missing = lastDay + 1 - (firstDay + dayCount(cached));
  if (missing <= 0) return cached;
  const days = await derive(deps, device, cached, missing);
  deps.trouble.attempt(() => {
    makePrivateFolder(join(deps.cacheFolder, "candidates"));
    replaceFile(path, encodeCandidateCache(deps.crypto, device.key, days));
  });
  return days;
}

function readCache(
  deps: CandidateDeps,
  device: DeviceKeys,
  path: string,
  firstDay: number,
): CandidateDays {
  const bytes = deps.trouble.attempt(() => readFileIfAny(path));
  const cached = bytes === null ? null : decodeCandidateCache(deps.crypto, device.key, bytes);
  return cached?.firstDay === firstDay ? cached : { firstDay, ids: new Uint8Array() };
}

async function derive(
  deps: CandidateDeps,
  device: DeviceKeys,
  known: CandidateDays,
  missing: number,
): Promise<CandidateDays> {
  const from = known.firstDay + dayCount(known);
  const parts: Uint8Array[] = [known.ids];
  for (let done = 0; done < missing && !deps.signal.aborted; done++) {
    deps.onDays(done, missing);
    parts.push(deriveDayIds(deps.crypto, device.key, from + done));
    await letSignalsIn();
  }
  return { firstDay: known.firstDay, ids: concat(...parts) };
}

/** Days that a set of candidates covers, both ends included. */
export function windowOf(days: CandidateDays): {
  readonly firstDay: number;
  readonly lastDay: number;
} {
  return { firstDay: days.firstDay, lastDay: days.firstDay + dayCount(days) - 1 };
}
