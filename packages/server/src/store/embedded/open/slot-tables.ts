const SLOTS_MIN = 2 ** 14;
const WORDS_MAX = 2 ** 22;
const LOAD_MAX = 0.6;

/**
 * Hash tables that double up to 16 MB each, so that nothing is ever moved and no call is slow; whoever searches looks into
 * all of them, eleven for ten million slots of one word.
 */
export class SlotTables {
  readonly #wordsPerSlot: number;
  readonly #tables: Uint32Array[] = [];
  /** How many more the newest table takes. */
  #room = 0;

  constructor(wordsPerSlot: number) {
    this.#wordsPerSlot = wordsPerSlot;
  }

  get tables(): readonly Uint32Array[] {
    return this.#tables;
  }

  /** The table for one more slot, which is counted as taken. */
  withRoom(): Uint32Array {
    const newest = this.#tables.at(-1);
    if (newest !== undefined && this.#room > 0) {
      this.#room -= 1;
      return newest;
    }
    const smallest = SLOTS_MIN * this.#wordsPerSlot;
    const words = Math.min(WORDS_MAX, newest === undefined ? smallest : 2 * newest.length);
    const table = new Uint32Array(words);
    this.#tables.push(table);
    this.#room = Math.floor((words / this.#wordsPerSlot) * LOAD_MAX) - 1;
    return table;
  }
}
