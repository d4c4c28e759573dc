import type { RecordHash } from "./record-hash.ts";
import { SlotTables } from "./slot-tables.ts";

const WORDS = 2;

/**
 * Remembers in which run each record of one open segment is, at 13 to 27 bytes a record while the segment is open. Never
 * misses; guesses wrong once in thousands of millions.
 */
export class RunIndex {
  /** A mark that is never zero, and the run. */
  readonly #slots: SlotTables = new SlotTables(WORDS);

  /** Adds the record that was hashed last; `run` is below 2^32. */
  add(hash: RecordHash, run: number): void {
    const table = this.#slots.withRoom();
    const mask = table.length / WORDS - 1;
    let slot = hash.place & mask;
    while (table[slot * WORDS] !== 0) slot = (slot + 1) & mask;
    table[slot * WORDS] = hash.mark | 1;
    table[slot * WORDS + 1] = run;
  }

  /** Whether `isIt` says yes to one of the runs in which the record that was hashed last may be. */
  find(hash: RecordHash, isIt: (run: number) => boolean): boolean {
    const { place } = hash;
    const mark = (hash.mark | 1) >>> 0;
    for (const table of this.#slots.tables) {
      const mask = table.length / WORDS - 1;
      for (let slot = place & mask; table[slot * WORDS] !== 0; slot = (slot + 1) & mask) {
        if (table[slot * WORDS] === mark && isIt(table[slot * WORDS + 1] ?? 0)) return true;
      }
    }
    return false;
  }
}
