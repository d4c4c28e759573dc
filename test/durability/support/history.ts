import type { StoredRecord } from "@glowworm/protocol";
import { nameOf, nameOfStranger, type Workload } from "./workload.ts";

/** How an upload ended, as its sender saw it: 201; any other answer; no answer. */
export type Outcome = "yes" | "no" | "unknown";

/** One line of a history. */
export interface Entry {
  readonly batch: number;
  readonly event: "sent" | Outcome;
}

/** What must hold whatever happened, and how often it did not. Every list is empty when nothing is wrong. */
export interface Verdict {
  /** Records of batches that got a yes, and are not stored. */
  readonly lost: readonly string[];
  /** Records that are stored more than once. */
  readonly doubled: readonly string[];
  /** Records that claim to be of the workload and were never sent, or not with these bytes. */
  readonly invented: readonly string[];
  /** Batches without a yes of which some records are stored and some are not. */
  readonly torn: readonly number[];
  /** Batches that got only noes, and are stored. */
  readonly reneged: readonly number[];
  readonly counts: Counts;
}

interface Counts {
  readonly batches: number;
  /** Batches and reports that got a yes. */
  readonly yes: number;
  readonly reports: number;
  readonly no: number;
  readonly unknown: number;
  /** Batches without an answer that turned out to be stored. */
  readonly unknownStored: number;
  /** Stored records that are not of the workload: padding. */
  readonly padding: number;
}

/**
 * What was sent and what came back, in order, never changed afterwards. A batch that is sent again has several lines of
 * each kind.
 */
export class History {
  readonly workload: Workload;
  readonly entries: Entry[] = [];
  #next = 0;

  constructor(workload: Workload) {
    this.workload = workload;
  }

  /** A batch that was not sent before. */
  newBatch(): number {
    return this.#next++;
  }

  note(batch: number, event: Entry["event"]): void {
    this.entries.push({ batch, event });
  }

  /** The end of each batch that was sent, by number: one yes is a yes, one missing answer makes noes uncertain. */
  outcomes(): ReadonlyMap<number, Outcome> {
    const outcomes = new Map<number, Outcome>();
    const open = new Map<number, number>();
    for (const { batch, event } of this.entries) {
      open.set(batch, (open.get(batch) ?? 0) + (event === "sent" ? 1 : -1));
      if (event === "sent") continue;
      const before = outcomes.get(batch);
      if (before === "yes" || (before === "unknown" && event === "no")) continue;
      outcomes.set(batch, event);
    }
    for (const [batch, unanswered] of open) {
      if (unanswered > 0 && outcomes.get(batch) !== "yes") outcomes.set(batch, "unknown");
    }
    return outcomes;
  }
}

/** Compares a history with everything that is stored. Records can be given in parts, in any order. */
export class Checker {
  readonly #workload: Workload;
  readonly #found: Map<number, Uint8Array> = new Map();
  readonly #invented: string[] = [];
  #padding = 0;

  constructor(workload: Workload) {
    this.#workload = workload;
  }

  add(records: Iterable<StoredRecord>): void {
    for (const record of records) this.#addOne(record);
  }

  verdict(history: History): Verdict {
    const outcomes = history.outcomes();
    const all = [...outcomes].map(([batch, outcome]) => this.#judge(batch, outcome));
    const strangers = [...this.#found.keys()].filter((batch) => !outcomes.has(batch));
    const having = (outcome: Outcome): readonly Judgement[] =>
      all.filter((one) => one.outcome === outcome);
    const batches = (judged: readonly Judgement[]): readonly number[] =>
      judged.map(({ batch }) => batch);
    const unproven = all.filter(({ outcome }) => outcome !== "yes");
    return {
      lost: having("yes").flatMap(({ missing }) => missing),
      doubled: all.flatMap(({ doubled }) => doubled),
      invented: [...this.#invented, ...strangers.map((batch) => `batch ${batch}, never sent`)],
      torn: batches(unproven.filter(({ missing, stored }) => missing.length > 0 && stored > 0)),
      reneged: batches(having("no").filter(({ stored }) => stored > 0)),
      counts: {
        batches: all.length,
        yes: having("yes").length,
        reports: having("yes").reduce((sum, { batch }) => sum + this.#workload.size(batch), 0),
        no: having("no").length,
        unknown: having("unknown").length,
        unknownStored: having("unknown").filter(({ stored }) => stored > 0).length,
        padding: this.#padding,
      },
    };
  }

  #addOne(record: StoredRecord): void {
    const origin = this.#workload.originOf(record.envelope);
    if (origin === null) {
      this.#padding++;
      return;
    }
    const size = this.#workload.size(origin.batch);
    if (origin.index >= size || !this.#workload.isIntact(record, origin)) {
      this.#invented.push(nameOfStranger(record));
      return;
    }
    const times = this.#found.get(origin.batch) ?? new Uint8Array(size);
    times[origin.index] = (times[origin.index] ?? 0) + 1;
    this.#found.set(origin.batch, times);
  }

  #judge(batch: number, outcome: Outcome): Judgement {
    const times = this.#found.get(batch) ?? new Uint8Array(this.#workload.size(batch));
    const missing: string[] = [];
    const doubled: string[] = [];
    times.forEach((count, index) => {
      if (count === 0) missing.push(nameOf({ batch, index }));
      if (count > 1) doubled.push(nameOf({ batch, index }));
    });
    return { batch, outcome, missing, doubled, stored: times.length - missing.length };
  }
}

interface Judgement {
  readonly batch: number;
  readonly outcome: Outcome;
  readonly missing: readonly string[];
  readonly doubled: readonly string[];
  /** Records of the batch that are stored. */
  readonly stored: number;
}
