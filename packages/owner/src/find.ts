import type { TransferDeps } from "@glowworm/platform";
import {
  ARRIVAL_STEP_SECONDS,
  type CryptoSuite,
  DAY_SECONDS,
  type RandomSource,
  secondsNow,
  type UnixSeconds,
} from "@glowworm/protocol";
import { type GradedReport, gradeReports, isTrusted } from "./answer/grade.ts";
import { openReports, type Refusals } from "./answer/open.ts";
import { latestPlace, type Place, placesOf } from "./answer/places.ts";
import { CacheTrouble } from "./cache-trouble.ts";
import type { CandidateDays } from "./candidates/candidate-cache.ts";
import {
  type CandidateDeps,
  type DeviceKeys,
  epochAt,
  lastPossibleDay,
  lastUsualDay,
  loadCandidates,
  windowOf,
} from "./candidates/candidates.ts";
import { IdTable } from "./candidates/id-table.ts";
import { type Hit, matchRecords } from "./candidates/match.ts";
import { keptFor } from "./lookup/kept.ts";
import { Lookup, type LookupSummary } from "./lookup/lookup.ts";
import { type LookupProblem, ProblemLog } from "./lookup/problems.ts";
import { dateOf } from "./output/phrases.ts";

/**
 * How far a lookup has come. `keys` counts days of ids that are derived for the first time, `kept` hours on this disk, `filters` large hours that are
 * searched for ids, `hits` pages of them that may hold reports of the device.
 */
export interface Progress {
  readonly stage: "keys" | "kept" | "open" | "closed" | "filters" | "hits";
  readonly done: number;
  readonly total: number;
  /** Records under this device's ids so far. */
  readonly hits: number;
}

/** What `findDevice` needs of the world. */
export interface FindDeps extends TransferDeps {
  readonly crypto: CryptoSuite;
  readonly random: RandomSource;
  /** Folder for what can be derived or fetched again; made when missing. */
  readonly cacheFolder: string;
  /** Base URL of a mirror to compare the server's list with; none is asked when absent. */
  readonly compareUrl?: string | undefined;
  readonly onProgress: (progress: Progress) => void;
}

/** Everything a lookup has found, and what it has looked at. */
export interface FindResult {
  /** The answer: the latest place whose time is proven, else the latest there is. */
  readonly place: Place | null;
  /** All places in the order of time. */
  readonly places: readonly Place[];
  readonly reports: readonly GradedReport[];
  readonly refused: Refusals;
  readonly lookup: LookupSummary;
  /** Days of the beacon's calendar that were searched, both ends included. */
  readonly window: {
    readonly firstDay: number;
    readonly lastDay: number;
    readonly isWide: boolean;
  };
  /** The system's code, such as `ENOSPC`, when the cache did not take or give something; else null. */
  readonly cacheTrouble: string | null;
  /** Whether an abort has ended it: `lookup.problems` has what was left out. */
  readonly isInterrupted: boolean;
  /** The owner's clock when it began. */
  readonly lookedAt: UnixSeconds;
}

/** Without a report that arrived in this time the beacon's clock may have leapt ahead: search all it could say. */
const FRESH_SECONDS = DAY_SECONDS;

/**
 * Looks for a device: reads all a server publishes, matches it against the device's ids here, opens the hits. After an abort it
 * derives and asks nothing more, and answers from what is on this disk and what was read until then.
 */
export async function findDevice(deps: FindDeps, device: DeviceKeys): Promise<FindResult> {
  const trouble = new CacheTrouble();
  const search = new Search({ ...deps, trouble }, device);
  const now = secondsNow(deps.clock);
  await search.know(lastUsualDay(now));
  const lookup = new Lookup({
    ...deps,
    trouble,
    ...keptFor({ ...deps, trouble }, device, search.days.firstDay, now),
    onProgress: (...args) => search.progress(...args),
  });
  const onRecords = (records: Uint8Array): void => search.match(records);
  await lookup.refresh(onRecords);
  let summary = await lookup.readHits(search.days.ids, onRecords);
  let opened = search.open();
  const hasRead = summary.closedHours + summary.segments > 0;
  if (hasRead && !hasArrivedSince(opened.reports, now - FRESH_SECONDS)) {
    if (await search.know(lastPossibleDay(now))) {
      await lookup.replay(onRecords);
      summary = await lookup.readHits(search.days.ids, onRecords);
      opened = search.open();
    }
  }
  const places = placesOf(opened.reports);
  const window = windowOf(search.days);
  return {
    place: latestPlace(places),
    places,
    ...opened,
    lookup: { ...summary, problems: [...search.problems, ...summary.problems] },
    window: { ...window, isWide: window.lastDay > lastUsualDay(now) },
    cacheTrouble: trouble.code,
    isInterrupted: deps.signal.aborted,
    lookedAt: now,
  };
}

interface SearchDeps extends FindDeps {
  readonly trouble: CacheTrouble;
}

/** The candidates of one device and what has matched them. */
class Search {
  readonly #deps: SearchDeps;
  readonly #device: DeviceKeys;
  #days: CandidateDays = { firstDay: 0, ids: new Uint8Array() };
  #table: IdTable = new IdTable(new Uint8Array());
  #hits: Hit[] = [];
  readonly #log = new ProblemLog();

  constructor(deps: SearchDeps, device: DeviceKeys) {
    this.#deps = deps;
    this.#device = device;
  }

  get days(): CandidateDays {
    return this.#days;
  }

  /** Days whose ids an abort has left out. */
  get problems(): readonly LookupProblem[] {
    return this.#log.problems;
  }

  /** Learns the ids up to a day; the hits are forgotten where that is more than was known. @returns whether it is. */
  async know(lastDay: number): Promise<boolean> {
    const before = this.#days.ids.length;
    if (before > 0 && windowOf(this.#days).lastDay >= lastDay) return false;
    const deps: CandidateDeps = {
      ...this.#deps,
      onDays: (done, total) => this.progress("keys", done, total),
    };
    this.#days = await loadCandidates(deps, this.#device, lastDay);
    const next = windowOf(this.#days).lastDay + 1;
    if (next <= lastDay) this.#log.interrupted(`days ${dateOf(next)} to ${dateOf(lastDay)}`);
    if (this.#days.ids.length === before) return false;
    this.#table = new IdTable(this.#days.ids);
    this.#hits = [];
    return true;
  }

  match(records: Uint8Array): void {
    for (const hit of matchRecords(this.#table, records)) this.#hits.push(hit);
  }

  open(): Pick<FindResult, "reports" | "refused"> {
    const { crypto } = this.#deps;
    const sealed = this.#hits.map(({ index, record }) => ({
      epoch: epochAt(this.#days, index),
      record,
    }));
    const { reports, refused } = openReports(crypto, this.#device.key, sealed);
    return { reports: gradeReports(reports), refused };
  }

  progress(stage: Progress["stage"], done: number, total: number): void {
    this.#deps.onProgress({ stage, done, total, hits: this.#hits.length });
  }
}

function hasArrivedSince(reports: readonly GradedReport[], time: UnixSeconds): boolean {
  return reports.some(
    (report) => isTrusted(report) && report.arrivalStep * ARRIVAL_STEP_SECONDS >= time,
  );
}
