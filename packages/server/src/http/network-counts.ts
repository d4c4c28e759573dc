/** Counts what networks have at one time. Holds only networks that have something. */
export class NetworkCounts {
  readonly #max: number;
  readonly #counts: Map<string, number> = new Map();

  /** @param max what one network may have, inclusive. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Counts one more, or returns false when the network has its share. */
  enter(network: string): boolean {
    const count = this.#counts.get(network) ?? 0;
    if (count >= this.#max) return false;
    this.#counts.set(network, count + 1);
    return true;
  }

  /** Counts one less. */
  leave(network: string): void {
    const count = (this.#counts.get(network) ?? 0) - 1;
    if (count > 0) this.#counts.set(network, count);
    else this.#counts.delete(network);
  }
}
