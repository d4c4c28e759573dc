import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { type ReportStore, StoreUnavailableError } from "@glowworm/server";
import { openCassandraStore } from "@glowworm/server/cassandra";
import { describe, expect, it } from "vitest";
import {
  crypto,
  HOUR_MS,
  type NewReport,
  NOON_MS,
  packed,
  SEGMENT_MS,
  someReports,
} from "../../packages/server/test/support/fixtures.ts";
import {
  everything,
  recordsOfHours,
  recordsOfSegments,
  timesFound,
} from "../../packages/server/test/support/published.ts";
import { cluster, nodes } from "./support/cluster.ts";
import { newKeyspace } from "./support/keyspace.ts";

const BATCH = 16;
const WRITERS = 4;
/** Batches that are acknowledged in each part of the story. */
const BATCHES = 60;
/** Noes that one loss may cost in all: a relay tries again. */
const NOES_MAX = 40;
const clock = new FakeClock(NOON_MS);
const random = seededRandom("lost node");

/** Uploads as relays do: what got no yes is sent again. Remembers every yes. */
class History {
  readonly acknowledged: NewReport[] = [];
  noes = 0;

  /** Uploads until `batches` more have had their yes. */
  async load(store: ReportStore, batches: number): Promise<void> {
    let left = batches;
    const writer = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const batch = someReports(random, BATCH);
        while (!(await this.#upload(store, batch)));
      }
    };
    await Promise.all(Array.from({ length: WRITERS }, writer));
  }

  async #upload(store: ReportStore, batch: readonly NewReport[]): Promise<boolean> {
    try {
      await store.put(packed(batch));
      this.acknowledged.push(...batch);
      return true;
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      this.noes += 1;
      expect(this.noes).toBeLessThan(NOES_MAX);
      return false;
    }
  }
}

/** Closes the segment that is over; a server tries again when it was refused. */
async function nextSegment(store: ReportStore): Promise<void> {
  clock.advance(SEGMENT_MS);
  for (let tries = 1; ; tries++) {
    try {
      await store.maintain();
      return;
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || tries === 10) throw error;
    }
  }
}

describe.skipIf(nodes.length < 3)("a cluster that loses a node", () => {
  it("goes on, loses nothing that was acknowledged, and can lose another once the first is repaired", async () => {
    const [first, , last] = nodes;
    if (first === undefined || last === undefined) throw new Error("three nodes were started");
    const keyspace = newKeyspace();
    const settings = { ...cluster, keyspace, clock, random, crypto, retentionDays: 30 };
    const history = new History();
    const store = await openCassandraStore(settings);
    await store.maintain();
    await history.load(store, BATCHES);
    await nextSegment(store);
    const served = await recordsOfSegments(store);

    await Promise.all([history.load(store, BATCHES), last.kill()]);
    await history.load(store, BATCHES);
    await nextSegment(store);
    expect(timesFound(served, await recordsOfSegments(store))).toEqual(served.map(() => 1));

    await Promise.all([history.load(store, BATCHES), last.start()]);
    await last.nodetool("repair", "--full", keyspace);
    await nextSegment(store);
    await Promise.all([history.load(store, BATCHES), first.kill()]);
    await nextSegment(store);
    clock.advance(HOUR_MS + 120_000);
    await nextSegment(store);
    const { acknowledged } = history;
    expect(acknowledged.length).toBe(5 * BATCHES * BATCH);
    expect(timesFound(acknowledged, await recordsOfHours(store))).toEqual(
      acknowledged.map(() => 1),
    );

    const published = await everything(store);
    await store.close();
    const again = await openCassandraStore(settings);
    expect(await everything(again)).toEqual(published);
    await again.close();
    await first.start();
  });
});
