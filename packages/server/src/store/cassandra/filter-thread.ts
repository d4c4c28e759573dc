import { AskedThread } from "../../asked-thread.ts";

/** Builds the filter of an hour. */
export interface FilterBuilder {
  /** @param ids 16 bytes each, in order; they are used up. */
  build(ids: Uint8Array): Promise<Uint8Array>;
}

/** Builds filters in a thread of its own: half a second for a million ids, in which this one answers everybody. */
export class FilterThread implements FilterBuilder {
  readonly #thread = new AskedThread<Uint8Array, Uint8Array>("filter-worker");

  build(ids: Uint8Array): Promise<Uint8Array> {
    return this.#thread.ask(ids, [ids.buffer as ArrayBuffer]);
  }

  async end(): Promise<void> {
    await this.#thread.end();
  }
}
