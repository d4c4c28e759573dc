import type { SegmentAbsence } from "./report-store.ts";

/** Watching owners ask for the newest segments; each is read from the database once, however many ask. */
const SEGMENTS_MAX = 4;

type Answer = Uint8Array | SegmentAbsence;

/** The few segments asked for last. Closed segments never change, so nothing here can be out of date. */
export class SegmentCache {
  readonly #answers: Map<number, Promise<Answer>> = new Map();

  /** The segment from memory, or from `load`; what failed or is absent is asked again next time. */
  async get(segment: number, load: () => Promise<Answer>): Promise<Answer> {
    const known = this.#answers.get(segment);
    if (known !== undefined) return await known;
    const loading = load();
    this.#answers.set(segment, loading);
    this.#dropOldest();
    try {
      const answer = await loading;
      if (typeof answer === "string") this.#answers.delete(segment);
      return answer;
    } catch (error) {
      this.#answers.delete(segment);
      throw error;
    }
  }

  #dropOldest(): void {
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > SEGMENTS_MAX && oldest !== undefined) this.#answers.delete(oldest);
  }
}
