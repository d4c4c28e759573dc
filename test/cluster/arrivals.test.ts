import { ARRIVAL_STEP_SECONDS, DAY_SECONDS, segmentOf } from "@glowworm/protocol";
import { describe, expect, it } from "vitest";
import { Arrivals } from "../../packages/server/src/store/cassandra/arrivals.ts";
import { Intake } from "../../packages/server/src/store/cassandra/intake.ts";
import {
  HOUR_MS,
  NOON_MS,
  packed,
  SEGMENT_MS,
  someReports,
} from "../../packages/server/test/support/fixtures.ts";
import {
  recordsOfHours,
  recordsOfSegments,
  timesFound,
} from "../../packages/server/test/support/published.ts";
import type { ClosingParts } from "./support/closing.ts";
import { KEYSPACE, nodes } from "./support/cluster.ts";
import { fieldsOnDisk } from "./support/node-files.ts";
import { onScene, type Scene } from "./support/scene.ts";

const NOON_SEGMENT = segmentOf(NOON_MS / 1000);
const CLOSED_MS = HOUR_MS + 120_000;
const STEP_MS = ARRIVAL_STEP_SECONDS * 1000;

describe.skipIf(nodes.length === 0)("arrivals", () => {
  it("keep no time on the disks of nodes but their arrival step", () =>
    onScene("kept times", async ({ store, clock, random }) => {
      for (const laterMs of [0, 1000, SEGMENT_MS, STEP_MS]) {
        clock.advance(laterMs);
        await store.maintain();
        await store.put(packed(someReports(random, 20)));
      }
      const [node] = nodes;
      if (node === undefined) throw new Error("nodes were started");
      const fields = await fieldsOnDisk(node, KEYSPACE, ["arrivals", "arrival_shards"]);
      const times = [...(fields.get("tstamp") ?? [])].map((time) => Date.parse(String(time)));
      expect(times.sort()).toEqual([NOON_MS, NOON_MS + STEP_MS]);
      const others = ["ttl", "expires_at", "local_delete_time"].filter((name) => fields.has(name));
      expect(others).toEqual([]);
    }));

  it("are put into a later segment when their own was closed while they were written", () =>
    onScene("slow arrivals", async ({ store, clock, random, one, two }) => {
      const reports = someReports(random, 1);
      const slow = new SlowArrivals(one, async () => {
        clock.advance(SEGMENT_MS);
        await two.closer.close(clock.nowMs() / 1000);
        clock.setWall(NOON_MS);
      });
      await one.closer.close(NOON_MS / 1000);
      const intake = new Intake(clock, one.keeper, one.closer, slow, one.fence, 100);
      await intake.store(packed(reports));
      expect(slow.segments).toEqual([NOON_SEGMENT, NOON_SEGMENT + 1]);
      clock.setWall(NOON_MS + 2 * SEGMENT_MS);
      await two.closer.close(clock.nowMs() / 1000);
      expect(timesFound(reports, await recordsOfSegments(store))).toEqual([1]);
      clock.advance(CLOSED_MS);
      await store.maintain();
      expect(timesFound(reports, await recordsOfHours(store))).toEqual([1]);
    }));

  it("of an hour are no more than anybody reads, and who comes too late hears when the next begins", () =>
    onScene("full hour", async ({ clock, random, one }) => {
      const intake = new Intake(clock, one.keeper, one.closer, one.arrivals, one.fence, 8);
      await intake.store(packed(someReports(random, 6)));
      clock.advance(SEGMENT_MS);
      await one.closer.close(clock.nowMs() / 1000);
      await intake.store(packed(someReports(random, 2)));
      const refused = intake.store(packed(someReports(random, 3)));
      await expect(refused).rejects.toMatchObject({ name: "StoreBusyError", retrySeconds: 3570 });
      clock.advance(HOUR_MS);
      await intake.store(packed(someReports(random, 3)));
    }));

  it("that a slow server writes into a closed hour leave no row", () =>
    onScene("late arrivals", async (scene) => {
      await closeNoon(scene);
      await scene.two.arrivals.write(NOON_SEGMENT, packed(someReports(scene.random, 40)));
      await scene.two.arrivals.write(NOON_SEGMENT + 50, packed(someReports(scene.random, 40)));
      expect(await scene.rowsOf("arrivals")).toEqual([]);
      expect(await scene.rowsOf("arrival_shards")).toEqual([]);
    }));

  it("that came back after their hour was cleared go at the end of retention", () =>
    onScene("returned arrivals", async (scene) => {
      const { store, clock, one } = scene;
      await closeNoon(scene);
      // Removals are forgotten after a while; a node that was away for longer brings back what was removed.
      await one.session.define(`TRUNCATE ${KEYSPACE}.arrivals`);
      await one.arrivals.write(NOON_SEGMENT, packed(someReports(scene.random, 40)));
      clock.advance(HOUR_MS);
      await store.maintain();
      expect(await scene.rowsOf("arrivals")).toHaveLength(40);
      clock.advance(31 * DAY_SECONDS * 1000);
      await store.maintain();
      clock.advance(CLOSED_MS);
      await store.maintain();
      expect(await scene.rowsOf("arrivals")).toEqual([]);
      expect((await store.published()).hours).toHaveLength(1);
    }));
});

/** Some reports of noon, whose hour is closed and cleared. */
async function closeNoon({ store, clock, random }: Scene): Promise<void> {
  await store.maintain();
  await store.put(packed(someReports(random, 3)));
  clock.advance(CLOSED_MS);
  await store.maintain();
  expect((await store.published()).hours).toHaveLength(1);
}

/** Something happens while the first reports are on their way. */
class SlowArrivals extends Arrivals {
  readonly segments: number[] = [];
  readonly #meanwhile: () => Promise<void>;

  constructor({ session, tables }: ClosingParts, meanwhile: () => Promise<void>) {
    super(session, tables);
    this.#meanwhile = meanwhile;
  }

  override async write(segment: number, records: Uint8Array): Promise<void> {
    this.segments.push(segment);
    if (this.segments.length === 1) await this.#meanwhile();
    await super.write(segment, records);
  }
}
