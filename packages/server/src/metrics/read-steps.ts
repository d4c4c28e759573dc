/** Reads of one kind that are shown at once. */
const STEP = 64;

/**
 * Holds reads back until there are 64 of a kind, and then counts them at once. Metrics are kept for months, and on a
 * server with few owners a counter that rises by one every 30 seconds is a diary of when somebody watched. In steps no
 * series says when one read was. It hides the moment, not the volume: a whole lookup of many hours still shows.
 */
export class ReadSteps<Read> {
  readonly #count: (read: Read) => void;
  readonly #held: Map<string, Read[]> = new Map();

  constructor(count: (read: Read) => void) {
    this.#count = count;
  }

  /** @param kind one of a few fixed words: reads are held for each. */
  add(kind: string, read: Read): void {
    const held = this.#held.get(kind) ?? [];
    held.push(read);
    this.#held.set(kind, held);
    if (held.length < STEP) return;
    this.#held.delete(kind);
    for (const each of held) this.#count(each);
  }
}
