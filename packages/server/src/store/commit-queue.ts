import { type Clock, concat, STORABLE_RECORD_BYTES } from "@glowworm/protocol";
import { type CommitGroup, StoreBusyError } from "./report-store.ts";

interface Batch {
  readonly records: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Who is told of every group that was written. */
export interface CommitWatch {
  readonly clock: Clock;
  readonly onCommit?: (group: CommitGroup) => void;
}

/**
 * Group commit: everything that arrives while a commit runs goes into the next one, so that an fsync is shared by
 * as many uploads as are waiting for it. A group is stored or refused as a whole.
 */
export class CommitQueue {
  readonly #commit: (records: Uint8Array) => Promise<void>;
  readonly #limit: number;
  readonly #watch: CommitWatch;
  #waiting: Batch[] = [];
  /** Records that wait or are being written. */
  #records = 0;
  #running: Promise<void> | null = null;

  /**
   * @param commit takes records of 129 bytes, back to back.
   * @param limit records that may wait or be written at one time, inclusive.
   */
  constructor(commit: (records: Uint8Array) => Promise<void>, limit: number, watch: CommitWatch) {
    this.#commit = commit;
    this.#limit = limit;
    this.#watch = watch;
  }

  /** Resolves when the batch is durable. @throws {StoreBusyError} at once when it does not fit. */
  add(records: Uint8Array): Promise<void> {
    const count = records.length / STORABLE_RECORD_BYTES;
    if (this.#records + count > this.#limit) {
      return Promise.reject(new StoreBusyError("too many reports are waiting to be written"));
    }
    this.#records += count;
    const done = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ records, resolve, reject });
    });
    this.#running ??= this.#run();
    return done;
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      await this.#write(group);
    }
    this.#running = null;
  }

  async #write(group: readonly Batch[]): Promise<void> {
    const records = concat(...group.map((batch) => batch.records));
    const count = records.length / STORABLE_RECORD_BYTES;
    const { clock, onCommit } = this.#watch;
    const beganMs = clock.monotonicMs();
    try {
      await this.#commit(records);
      onCommit?.({ records: count, seconds: (clock.monotonicMs() - beganMs) / 1000 });
      for (const batch of group) batch.resolve();
    } catch (error) {
      for (const batch of group) batch.reject(error);
    } finally {
      this.#records -= count;
    }
  }
}
