import { segmentOf } from "@glowworm/protocol";
import { describe, expect, it } from "vitest";
import type { CandidateKind } from "../../packages/server/src/store/cassandra/candidate-list.ts";
import {
  HOUR_MS,
  type NewReport,
  NOON_HOUR,
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
import { closingParts } from "./support/closing.ts";
import { nodes } from "./support/cluster.ts";
import { onScene } from "./support/scene.ts";

const NOON_SEGMENT = segmentOf(NOON_MS / 1000);

describe.skipIf(nodes.length === 0)("closing", () => {
  it("ends with the same bytes when two servers do it at once, and leaves nothing of the other's", () =>
    onScene("closing at once", async ({ store, clock, random, ...scene }) => {
      const reports: NewReport[] = [];
      for (let round = 0; round < 8; round++) {
        const batch = someReports(random, 1 + round);
        await store.put(packed(batch));
        reports.push(...batch);
        clock.advance(SEGMENT_MS);
        await scene.closeAtOnce();
      }
      const segments = await recordsOfSegments(store);
      expect(timesFound(reports, segments)).toEqual(reports.map(() => 1));
      const candidates = await scene.candidatesIn("segment_pieces");
      clock.advance(HOUR_MS + 120_000);
      await scene.closeAtOnce();
      const records = await recordsOfHours(store);
      expect(timesFound(segments, records)).toEqual(segments.map(() => 1));
      expect(timesFound(reports, records)).toEqual(reports.map(() => 1));
      expect(await scene.candidatesIn("hour_pieces")).toEqual(await scene.candidatesIn("hours"));
      expect(await scene.candidatesIn("hours")).toHaveLength(1);
      // Nothing tells a finer time than the arrival step any more.
      for (const table of ["arrival_shards", "closings", "candidates"]) {
        const left = (await scene.rowsOf(table)).filter(({ hour }) => hour === NOON_HOUR);
        expect([table, left.length]).toEqual([table, 0]);
      }
      expect(await scene.rowsOf("arrivals")).toEqual([]);
      const left = new Set(await scene.candidatesIn("segment_pieces"));
      expect(candidates.filter((candidate) => left.has(candidate))).toEqual([]);
    }));

  it("never changes what another server has served meanwhile", () =>
    onScene("closing meanwhile", async ({ store, clock, random, one, servedByNewServer }) => {
      let served = {};
      let awaited: CandidateKind = "segments";
      const slow = await closingParts("slow", clock, async (kind) => {
        if (kind !== awaited) return;
        await one.closer.close(clock.nowMs() / 1000);
        clock.advance(1000);
        served = await everything(store);
      });
      try {
        await store.put(packed(someReports(random, 3)));
        clock.advance(SEGMENT_MS);
        await slow.closer.close(clock.nowMs() / 1000);
        expect(await servedByNewServer()).toEqual(served);
        awaited = "hour";
        clock.advance(HOUR_MS + 120_000);
        await slow.closer.close(clock.nowMs() / 1000);
        expect(await servedByNewServer()).toEqual(served);
        expect(Object.keys(served)).toContain(`${NOON_HOUR}/manifest`);
      } finally {
        await slow.session.close();
      }
    }));

  it("is taken over from a server that died in the middle", () =>
    onScene("closing taken over", async ({ store, clock, random, one, two }) => {
      const reports = someReports(random, 5);
      await one.closer.close(NOON_MS / 1000);
      await store.put(packed(reports));
      // All that it came to do was the fence.
      await one.fence.raise(NOON_SEGMENT + 3);
      const late = someReports(random, 2);
      await store.put(packed(late));
      clock.advance(SEGMENT_MS);
      await two.closer.close(clock.nowMs() / 1000);
      expect((await store.published()).open).toEqual({
        first: NOON_SEGMENT,
        last: NOON_SEGMENT + 3,
      });
      expect(timesFound(reports, await recordsOfSegments(store))).toEqual([1, 1, 1, 1, 1]);
      const before = await everything(store);
      clock.advance(4 * SEGMENT_MS);
      await two.closer.close(clock.nowMs() / 1000);
      clock.advance(1000);
      expect(await everything(store)).toMatchObject(before);
      // They were written once before the fence was seen: that segment may show them as well, the hour may not.
      const found = timesFound(late, await recordsOfSegments(store));
      expect(found.every((times) => times >= 1)).toBe(true);
      clock.advance(HOUR_MS + 120_000);
      await two.closer.close(clock.nowMs() / 1000);
      const all = [...reports, ...late];
      expect(timesFound(all, await recordsOfHours(store))).toEqual(all.map(() => 1));
    }));
});
