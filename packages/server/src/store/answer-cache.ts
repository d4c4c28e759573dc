/**
 * The few answers asked for last, for bytes that never change: each is read once, however many ask for it at the same time,
 * and those who read slowly share one copy.
 */
export class AnswerCache<Answer> {
  readonly #max: number;
  readonly #isLasting: (answer: Answer) => boolean;
  readonly #answers: Map<number, Promise<Answer>> = new Map();

  /** @param isLasting whether an answer is kept; what is not, or failed, is asked again next time. */
  constructor(max: number, isLasting: (answer: Answer) => boolean) {
    this.#max = max;
    this.#isLasting = isLasting;
  }

  /** The answer for `key` from memory, or from `load`. */
  async get(key: number, load: () => Promise<Answer>): Promise<Answer> {
    const known = this.#answers.get(key);
    if (known !== undefined) return await known;
    const loading = load();
    this.#answers.set(key, loading);
    this.#dropOldest();
    try {
      const answer = await loading;
      if (!this.#isLasting(answer)) this.#answers.delete(key);
      return answer;
    } catch (error) {
      this.#answers.delete(key);
      throw error;
    }
  }

  #dropOldest(): void {
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > this.#max && oldest !== undefined) this.#answers.delete(oldest);
  }
}

/** Watching owners ask for the newest segments. */
const SEGMENTS_MAX = 4;
/** Lookups go through the hours, newest first; a filter of a million ids is 4.5 MB. */
const FILTERS_MAX = 4;

/** Segments; a word says why there is none yet, or no more. */
export function segmentCache<Absence extends string>(): AnswerCache<Uint8Array | Absence> {
  return new AnswerCache(SEGMENTS_MAX, (answer) => typeof answer !== "string");
}

/** Filters; null where there is none. */
export function filterCache(): AnswerCache<Uint8Array | null> {
  return new AnswerCache<Uint8Array | null>(FILTERS_MAX, (answer) => answer !== null);
}
