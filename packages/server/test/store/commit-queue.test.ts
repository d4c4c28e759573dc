import { STORABLE_RECORD_BYTES } from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { StoreBusyError } from "@glowworm/server";
import { describe, expect, it } from "vitest";
import { CommitQueue } from "../../src/store/commit-queue.ts";
import { packed, someReports } from "../support/fixtures.ts";

const random = seededRandom("commit queue");

/** A disk whose writes end when the test says so. */
class SlowDisk {
  readonly sizes: number[] = [];
  readonly #ends: ((error?: Error) => void)[] = [];

  readonly commit = (records: Uint8Array): Promise<void> => {
    this.sizes.push(records.length / STORABLE_RECORD_BYTES);
    return new Promise((resolve, reject) => {
      this.#ends.push((error) => (error === undefined ? resolve() : reject(error)));
    });
  };

  /** Ends the commit that runs, or the next one when none does. */
  async end(error?: Error): Promise<void> {
    while (this.#ends.length === 0) await Promise.resolve();
    this.#ends.shift()?.(error);
  }
}

describe("group commit", () => {
  it("writes all that arrives during a commit in the next one", async () => {
    const disk = new SlowDisk();
    const queue = new CommitQueue(disk.commit, 1000, { clock: new FakeClock(0) });
    const adds = [1, 2, 3, 4].map((count) => queue.add(packed(someReports(random, count))));
    await disk.end();
    await disk.end();
    await Promise.all(adds);
    expect(disk.sizes).toEqual([1, 9]);
    await queue.idle();
  });

  it("says yes to nobody before the commit has ended", async () => {
    const disk = new SlowDisk();
    const queue = new CommitQueue(disk.commit, 1000, { clock: new FakeClock(0) });
    let isDone = false;
    const adding = queue.add(packed(someReports(random, 1))).then(() => {
      isDone = true;
    });
    await Promise.resolve();
    expect(isDone).toBe(false);
    await disk.end();
    await adding;
    expect(isDone).toBe(true);
  });

  it("refuses the whole group of a failed commit, and goes on", async () => {
    const disk = new SlowDisk();
    const queue = new CommitQueue(disk.commit, 1000, { clock: new FakeClock(0) });
    const first = queue.add(packed(someReports(random, 1)));
    const group = [
      queue.add(packed(someReports(random, 1))),
      queue.add(packed(someReports(random, 1))),
    ];
    await disk.end();
    await first;
    const outcome = Promise.allSettled(group);
    await disk.end(new Error("EIO"));
    expect((await outcome).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    const next = queue.add(packed(someReports(random, 1)));
    await disk.end();
    await next;
  });

  it("refuses what exceeds its limit, written and waiting together, and takes it later", async () => {
    const disk = new SlowDisk();
    const queue = new CommitQueue(disk.commit, 100, { clock: new FakeClock(0) });
    const first = queue.add(packed(someReports(random, 60)));
    const second = queue.add(packed(someReports(random, 40)));
    await expect(queue.add(packed(someReports(random, 1)))).rejects.toBeInstanceOf(StoreBusyError);
    await disk.end();
    await first;
    await disk.end();
    await second;
    const third = queue.add(packed(someReports(random, 100)));
    await disk.end();
    await third;
  });
});
