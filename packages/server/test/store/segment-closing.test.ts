import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { openForReading } from "@glowworm/platform";
import {
  decodeRecords,
  equalBytes,
  HOUR_PAGES_MAX,
  HOUR_RECORDS_MAX,
  PAGE_RECORDS,
  SEGMENTS_PER_HOUR,
  STORABLE_RECORD_BYTES,
  STORED_RECORD_BYTES,
  segmentPadding,
} from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { StoreBusyError, StoreUnavailableError } from "@glowworm/server";
import { describe, expect, it } from "vitest";
import type { SegmentsJob } from "../../src/store/embedded/closing/close-segments.ts";
import { LocalCloser } from "../../src/store/embedded/closing/closer.ts";
import type { FiledSegment } from "../../src/store/embedded/segments/segment-file.ts";
import { sortedOnce } from "../../src/store/embedded/segments/sorted-records.ts";
import {
  crypto,
  HOUR_MS,
  NOON_HOUR,
  NOON_MS,
  packed,
  SEGMENT_MS,
  someReports,
  someUpload,
} from "../support/fixtures.ts";
import { SmallDisk } from "../support/local-store.ts";
import { everything, recordsOfHours, segmentBytes, timesFound } from "../support/published.ts";
import { StoreScene } from "../support/store-scene.ts";
import { TestApp } from "../support/test-app.ts";

const random = seededRandom("segment closing");
const SEGMENT = NOON_HOUR * SEGMENTS_PER_HOUR;
const HOUR_IS_CLOSED_MS = HOUR_MS + 120_000;

/** Closes segments when `before` lets it, and gives them back when `after` does. */
class HeldCloser extends LocalCloser {
  before: () => Promise<void> = async () => {};
  after: () => Promise<void> = async () => {};

  constructor() {
    super({ crypto, openForReading, wait: () => {} });
  }

  override async closeSegments(job: SegmentsJob): Promise<readonly FiledSegment[]> {
    await this.before();
    const filed = await super.closeSegments(job);
    await this.after();
    return filed;
  }
}

function heldDisk(): { disk: SmallDisk; closer: HeldCloser } {
  const disk = new SmallDisk();
  const closer = new HeldCloser();
  disk.closer = closer;
  return { disk, closer };
}

const fail = (): Promise<never> => Promise.reject(new Error("killed"));

describe("a segment that is being closed", () => {
  it("holds up no report and takes none, and both calls that wait for it end when it is closed", async () => {
    const { disk, closer } = heldDisk();
    const scene = await StoreScene.open({ disk });
    const { store, clock } = scene;
    const [early, late] = [someReports(random, 100), someReports(random, 100)];
    await scene.put(early);
    let letGo = (): void => {};
    const isHeld = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    closer.before = () => isHeld;
    clock.advance(SEGMENT_MS);
    const first = store.maintain();
    clock.setWall(NOON_MS);
    await scene.put([...late, ...early]);
    expect((await store.published()).open).toBeNull();
    expect(await store.segment(SEGMENT)).toBe("open");
    clock.setWall(NOON_MS + 2 * SEGMENT_MS);
    const second = store.maintain();
    letGo();
    await Promise.all([first, second]);
    expect((await store.published()).open).toEqual({ first: SEGMENT, last: SEGMENT + 1 });
    const found = async (segment: number): Promise<readonly number[]> => {
      const records = decodeRecords(await segmentBytes(store, segment));
      return [early, late].map((reports) =>
        timesFound(reports, records).reduce((sum, times) => sum + times),
      );
    };
    expect(await found(SEGMENT)).toEqual([100, 0]);
    expect(await found(SEGMENT + 1)).toEqual([0, 100]);
    await store.close();
  });

  it("is closed anew when a crash came before it was noted", async () => {
    const { disk, closer } = heldDisk();
    const scene = await StoreScene.open({ disk });
    const { folder } = scene;
    const reports = await scene.put(someReports(random, 99));
    closer.after = fail;
    await expect(scene.pass(SEGMENT_MS)).rejects.toBeInstanceOf(StoreUnavailableError);
    await scene.close();
    const path = join(folder, "open", `${SEGMENT}.segment`);
    expect(existsSync(path)).toBe(true);
    const store = await scene.reopen(new SmallDisk());
    expect(existsSync(path)).toBe(false);
    await store.maintain();
    const records = decodeRecords(await segmentBytes(store, SEGMENT));
    expect(timesFound(reports, records)).toEqual(reports.map(() => 1));
    await store.close();
  });

  it("gets the same bytes when it was not noted because the disk was full", async () => {
    const { disk } = heldDisk();
    const scene = await StoreScene.open({ disk });
    const { folder, store } = scene;
    await scene.put(someReports(random, 99));
    disk.fill();
    await expect(scene.pass(90 * SEGMENT_MS)).rejects.toBeInstanceOf(StoreUnavailableError);
    const paths = Array.from({ length: 90 }, (_, at) =>
      join(folder, "open", `${SEGMENT + at}.segment`),
    );
    const first = paths.map((path) => readFileSync(path));
    disk.empty();
    await scene.pass(SEGMENT_MS);
    expect(paths.map((path) => readFileSync(path))).toEqual(first);
    expect((await store.published()).open).toEqual({ first: SEGMENT, last: SEGMENT + 90 });
    await store.close();
  });

  it("is served while its runs are removed, and they go at the next start when a crash came before", async () => {
    const { disk } = heldDisk();
    const scene = await StoreScene.open({ disk });
    const reports = someReports(random, 1200);
    for (const report of reports) await scene.put([report]);
    disk.pause = fail;
    await expect(scene.pass(SEGMENT_MS)).rejects.toBeInstanceOf(StoreUnavailableError);
    await scene.close();
    const runsLeft = (): number => {
      const database = openForReading(join(scene.folder, "open", `${NOON_HOUR}.sqlite`));
      const count = database.prepare<[], number>("SELECT count(*) FROM runs").pluck().get();
      database.close();
      return count ?? -1;
    };
    expect(runsLeft()).toBeGreaterThan(0);
    const store = await scene.reopen(new SmallDisk());
    const before = await everything(store);
    await scene.put(reports);
    await store.maintain();
    expect(runsLeft()).toBe(0);
    expect(await everything(store)).toEqual(before);
    await scene.pass(HOUR_IS_CLOSED_MS);
    expect(timesFound(reports, await recordsOfHours(store))).toEqual(reports.map(() => 1));
    await store.close();
  });

  it("leaves nothing in the log, which is emptied by the next try when somebody reads it", async () => {
    const scene = await StoreScene.open();
    const { store } = scene;
    await scene.put(someReports(random, 100));
    const path = join(scene.folder, "open", `${NOON_HOUR}.sqlite`);
    const reader = openForReading(path);
    reader.exec("BEGIN");
    reader.prepare("SELECT count(*) FROM runs").get();
    await scene.pass(SEGMENT_MS);
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
    reader.close();
    await store.maintain();
    expect(statSync(`${path}-wal`).size).toBe(0);
    await store.close();
  });

  it("may hold reports whose ids are all alike, more than are sorted at a time", async () => {
    const scene = await StoreScene.open();
    const { store } = scene;
    const count = 2 ** 16 + 1000;
    const records = random.bytes(count * STORABLE_RECORD_BYTES);
    for (let at = 0; at < records.length; at += 2 * STORABLE_RECORD_BYTES)
      records.fill(7, at, at + 16);
    const reports = Array.from({ length: count }, (_, number) => {
      const record = records.subarray(
        number * STORABLE_RECORD_BYTES,
        (number + 1) * STORABLE_RECORD_BYTES,
      );
      return { getId: record.subarray(0, 16), envelope: record.subarray(16) };
    });
    for (let at = 0; at < count; at += 8000) await scene.put(reports.slice(at, at + 8000));
    await scene.pass(SEGMENT_MS);
    const bytes = await segmentBytes(store, SEGMENT);
    const served = new Uint8Array(records.length);
    for (let number = 0; number < count; number++) {
      const from = number * STORED_RECORD_BYTES;
      served.set(
        bytes.subarray(from, from + STORABLE_RECORD_BYTES),
        number * STORABLE_RECORD_BYTES,
      );
    }
    expect(bytes.length).toBe(count * STORED_RECORD_BYTES);
    expect(equalBytes(served, sortedOnce(records))).toBe(true);
    await store.close();
  });
});

describe("an hour that has as many reports as an hour takes", () => {
  it("leaves room for the padding of its segments in the largest hour that anybody reads", () => {
    const padding = SEGMENTS_PER_HOUR * Math.max(segmentPadding(0), segmentPadding(1));
    expect(HOUR_RECORDS_MAX + padding).toBeLessThanOrEqual(HOUR_PAGES_MAX * PAGE_RECORDS);
  });

  it("refuses more until it ends, and says so, but not what it has already", async () => {
    const options = { beginsMs: NOON_MS + 600_000, hourRecordsMax: 10 };
    const scene = await StoreScene.open(options);
    const { store, clock } = scene;
    const reports = await scene.put(someReports(random, 8));
    const more = store.put(packed(someReports(random, 3)));
    await expect(more).rejects.toBeInstanceOf(StoreBusyError);
    await expect(more).rejects.toMatchObject({ retrySeconds: 3000 });
    expect(store.health().isWritable).toBe(true);
    await scene.put(reports);
    await scene.put(someReports(random, 2));
    const app = new TestApp(store, clock);
    const refused = await app.upload([someUpload(random)]);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "3000"]);
    clock.advance(3_000_000);
    expect((await app.upload([someUpload(random)])).status).toBe(201);
    await store.close();
  });

  it("says yes to what it has already, however full its padding made it", async () => {
    const scene = await StoreScene.open({ hourRecordsMax: 10 });
    const { store } = scene;
    const reports = await scene.put(someReports(random, 10));
    await scene.pass(10 * SEGMENT_MS);
    await scene.put(reports);
    await expect(store.put(packed(someReports(random, 1)))).rejects.toBeInstanceOf(StoreBusyError);
    await store.close();
  });
});
