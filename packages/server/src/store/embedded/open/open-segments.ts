import type { RunNote } from "./runs.ts";

/** Records, and runs, that are removed at a time: half a megabyte, some milliseconds. */
const REMOVED_RECORDS_MAX = 2 ** 12;
const REMOVED_RUNS_MAX = 1024;

interface Entered {
  records: number;
  readonly runs: RunNote[];
}

/** Which runs the segments of an hour have that are in no file yet, and which runs are to be removed because theirs are. */
export class OpenSegments {
  readonly #segments: Map<number, Entered> = new Map();
  #leftover: RunNote[] = [];
  #records = 0;

  /** Of segments without a file. */
  get records(): number {
    return this.#records;
  }

  get hasLeftover(): boolean {
    return this.#leftover.length > 0;
  }

  add(run: RunNote): void {
    const entered = this.#segments.get(run.segment) ?? { records: 0, runs: [] };
    this.#segments.set(run.segment, entered);
    entered.records += run.records;
    entered.runs.push(run);
    this.#records += run.records;
  }

  /** What entered a segment. */
  of(segment: number): { readonly records: number; readonly runs: readonly number[] } {
    const { records, runs } = this.#segments.get(segment) ?? { records: 0, runs: [] };
    return { records, runs: runs.map(({ run }) => run) };
  }

  /** The segment is in a file: its runs are left over. */
  filed(segment: number): void {
    const entered = this.#segments.get(segment);
    if (entered === undefined) return;
    this.#segments.delete(segment);
    this.#records -= entered.records;
    for (const run of entered.runs) this.#leftover.push(run);
  }

  /** Notes a run of a segment that is in a file already. */
  addLeftover(run: RunNote): void {
    this.#leftover.push(run);
  }

  /** As many runs that are left over as may be removed at a time. */
  nextLeftover(): readonly RunNote[] {
    let records = 0;
    let runs = 0;
    for (const run of this.#leftover) {
      if (runs === REMOVED_RUNS_MAX || records >= REMOVED_RECORDS_MAX) break;
      records += run.records;
      runs += 1;
    }
    return this.#leftover.slice(0, runs);
  }

  /** The next ones have been removed. */
  removed(runs: readonly RunNote[]): void {
    this.#leftover = this.#leftover.slice(runs.length);
  }
}
