import { segmentOf, toHex } from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { type ReportStore, StoreUnavailableError } from "@glowworm/server";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Arrivals } from "../../packages/server/src/store/cassandra/arrivals.ts";
import { Intake } from "../../packages/server/src/store/cassandra/intake.ts";
import type { Row } from "../../packages/server/src/store/cassandra/session.ts";
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
import { type CandidateKind, type ClosingParts, closingParts } from "./support/closing.ts";
import { newPlace, nodes, openStore } from "./support/cluster.ts";

const NOON_SEGMENT = segmentOf(NOON_MS / 1000);
const random = seededRandom("closing");
let clock: FakeClock;
let store: ReportStore;
let used: string;
let servers: readonly ClosingParts[];

describe.skipIf(nodes.length === 0)("closing", () => {
  beforeEach(async () => {
    clock = new FakeClock(NOON_MS);
    used = newPlace();
    store = await openStore({ place: used, clock, random, retentionDays: 30 });
    servers = [await closingParts("one", clock), await closingParts("two", clock)];
  });

  afterEach(async () => {
    await store.close();
    for (const { session } of servers) await session.close();
  });

  it("ends with the same bytes when two servers do it at once, and leaves nothing of the other's", async () => {
    const reports: NewReport[] = [];
    for (let round = 0; round < 8; round++) {
      const batch = someReports(random, 1 + round);
      await store.put(packed(batch));
      reports.push(...batch);
      clock.advance(SEGMENT_MS);
      await closeAtOnce();
    }
    const segments = await recordsOfSegments(store);
    expect(timesFound(reports, segments)).toEqual(reports.map(() => 1));
    const candidates = await candidatesIn("segment_pieces");
    clock.advance(HOUR_MS + 120_000);
    await closeAtOnce();
    const records = await recordsOfHours(store);
    expect(timesFound(segments, records)).toEqual(segments.map(() => 1));
    expect(timesFound(reports, records)).toEqual(reports.map(() => 1));
    expect(await candidatesIn("hour_pieces")).toEqual(await candidatesIn("hours"));
    expect(await candidatesIn("hours")).toHaveLength(1);
    // Nothing tells a finer time than the arrival step any more.
    for (const table of ["arrival_shards", "closings", "candidates"]) {
      const left = (await rowsOf(table)).filter(({ hour }) => hour === NOON_HOUR);
      expect([table, left.length]).toEqual([table, 0]);
    }
    expect(await rowsOf("arrivals")).toEqual([]);
    const left = new Set(await candidatesIn("segment_pieces"));
    expect(candidates.filter((candidate) => left.has(candidate))).toEqual([]);
  });

  it("never changes what another server has served meanwhile", async () => {
    const [one] = servers;
    if (one === undefined) throw new Error("two servers were made");
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
  });

  it("puts a report into a later segment when its own was closed while it was written", async () => {
    const [one, two] = servers;
    if (one === undefined || two === undefined) throw new Error("two servers were made");
    const [report] = someReports(random, 1);
    if (report === undefined) throw new Error("a report was made");
    const slow = new SlowArrivals(one, async () => {
      clock.advance(SEGMENT_MS);
      await two.closer.close(clock.nowMs() / 1000);
      clock.setWall(NOON_MS);
    });
    await one.closer.close(NOON_MS / 1000);
    const intake = new Intake(clock, one.keeper, one.closer, slow, one.fence, 100);
    await intake.store(packed([report]));
    expect(slow.segments).toEqual([NOON_SEGMENT, NOON_SEGMENT + 1]);
    clock.setWall(NOON_MS + 2 * SEGMENT_MS);
    await two.closer.close(clock.nowMs() / 1000);
    expect(timesFound([report], await recordsOfSegments(store))).toEqual([1]);
    clock.advance(HOUR_MS + 120_000);
    await store.maintain();
    expect(timesFound([report], await recordsOfHours(store))).toEqual([1]);
  });

  it("takes no more into an hour than anybody reads, and says when the next begins", async () => {
    const [one] = servers;
    if (one === undefined) throw new Error("a server was made");
    const intake = new Intake(clock, one.keeper, one.closer, one.arrivals, one.fence, 8);
    await intake.store(packed(someReports(random, 6)));
    clock.advance(SEGMENT_MS);
    await one.closer.close(clock.nowMs() / 1000);
    await intake.store(packed(someReports(random, 2)));
    const refused = intake.store(packed(someReports(random, 3)));
    await expect(refused).rejects.toMatchObject({ name: "StoreBusyError", retrySeconds: 3570 });
    clock.advance(HOUR_MS);
    await intake.store(packed(someReports(random, 3)));
  });

  it("is taken over from a server that died in the middle", async () => {
    const [one, two] = servers;
    if (one === undefined || two === undefined) throw new Error("two servers were made");
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
    expect(timesFound([...reports, ...late], await recordsOfHours(store))).toEqual([
      1, 1, 1, 1, 1, 1, 1,
    ]);
  });
});

/** Everything, by a server that remembers nothing. */
async function servedByNewServer(): Promise<Readonly<Record<string, string>>> {
  const server = await openStore({ place: used, clock, random, retentionDays: 30 });
  const served = await everything(server);
  await server.close();
  return served;
}

async function closeAtOnce(): Promise<void> {
  const now = Math.floor(clock.nowMs() / 1000);
  await Promise.all(servers.map(({ closer }) => untilDone(() => closer.close(now))));
  // What a store knows is a second old at most.
  clock.advance(1000);
}

/** Transactions that meet on a busy machine may run out of time; a server tries again then. */
async function untilDone(work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || tries === 10) throw error;
    }
  }
}

/** Names of the candidates that a table holds. */
async function candidatesIn(table: string): Promise<readonly string[]> {
  const names = (await rowsOf(table)).flatMap(({ candidate }) =>
    candidate instanceof Uint8Array ? [toHex(candidate)] : [],
  );
  return [...new Set(names)].sort();
}

async function rowsOf(table: string): Promise<readonly Row[]> {
  const [server] = servers;
  return (await server?.session.rows(`SELECT * FROM ${server.tables(table)}`, [])) ?? [];
}

/** Something happens while the first reports are on their way. */
class SlowArrivals extends Arrivals {
  readonly segments: number[] = [];
  readonly #meanwhile: () => Promise<void>;

  constructor({ session, tables }: ClosingParts, meanwhile: () => Promise<void>) {
    super(session, tables, 86_400);
    this.#meanwhile = meanwhile;
  }

  override async write(segment: number, records: Uint8Array): Promise<void> {
    this.segments.push(segment);
    if (this.segments.length === 1) await this.#meanwhile();
    await super.write(segment, records);
  }
}
