/** Lookups go through the hours, newest first; a filter of a million ids is 4.5 MB. */
const BYTES_MAX = 16 * 2 ** 20;

/**
 * The filters asked for last, as many as 16 MB hold: they never change. Each is read once, however many ask for it at the
 * same time.
 */
export class FilterCache {
  readonly #loading: Map<number, Promise<Uint8Array | null>> = new Map();
  readonly #filters: Map<number, Uint8Array> = new Map();
  #bytes = 0;

  /** The filter of an hour from memory, or from `load`; null, and what failed, is asked again next time. */
  async get(hour: number, load: () => Promise<Uint8Array | null>): Promise<Uint8Array | null> {
    const known = this.#filters.get(hour) ?? this.#loading.get(hour);
    if (known !== undefined) return await known;
    const loading = load();
    this.#loading.set(hour, loading);
    try {
      const filter = await loading;
      if (filter !== null) this.#keep(hour, filter);
      return filter;
    } finally {
      this.#loading.delete(hour);
    }
  }

  #keep(hour: number, filter: Uint8Array): void {
    this.#filters.set(hour, filter);
    this.#bytes += filter.length;
    for (const [oldest, { length }] of this.#filters) {
      if (this.#bytes <= BYTES_MAX) return;
      this.#filters.delete(oldest);
      this.#bytes -= length;
    }
  }
}
