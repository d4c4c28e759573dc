import { existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openForReading } from "@glowworm/platform";
import { SEGMENTS_PER_HOUR } from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { StoreUnavailableError } from "@glowworm/server";
import { describe, expect, it, vi } from "vitest";
import type { ClosedHour } from "../../src/store/embedded/closed/hour-file.ts";
import type { ClosingJob } from "../../src/store/embedded/closing/close-hour.ts";
import { LocalCloser } from "../../src/store/embedded/closing/closer.ts";
import {
  crypto,
  HOUR_MS,
  NOON_HOUR,
  NOON_MS,
  packed,
  someReports,
  temporaryFolder,
} from "../support/fixtures.ts";
import { openLocalStore, SmallDisk } from "../support/local-store.ts";
import { everything, recordsOfHours, timesFound } from "../support/published.ts";

/** Told of every folder whose names are brought to the disk. */
const synced = vi.hoisted(() => ({ tell: (_folder: string): void => {} }));
vi.mock("@glowworm/platform", async (importOriginal) => {
  const platform = await importOriginal<typeof import("@glowworm/platform")>();
  const syncFolder = (folder: string): void => {
    synced.tell(folder);
    platform.syncFolder(folder);
  };
  return { ...platform, syncFolder };
});

const random = seededRandom("hour closing");
const SEGMENT = NOON_HOUR * SEGMENTS_PER_HOUR;
const HOUR_IS_CLOSED_MS = HOUR_MS + 120_000;

/** Closes hours and does `after` before anybody hears of it. */
class WatchedCloser extends LocalCloser {
  after: (job: ClosingJob) => void = () => {};
  discarding: () => Promise<void> = async () => {};

  constructor() {
    super({ crypto, openForReading, wait: () => {} });
  }

  override async closeHour(job: ClosingJob): Promise<ClosedHour> {
    const closed = await super.closeHour(job);
    this.after(job);
    return closed;
  }

  override async discard(paths: readonly string[]): Promise<void> {
    await this.discarding();
    await super.discard(paths);
  }
}

function watchedDisk(): { disk: SmallDisk; closer: WatchedCloser } {
  const disk = new SmallDisk();
  const closer = new WatchedCloser();
  disk.closer = closer;
  return { disk, closer };
}

const fail = (): never => {
  throw new Error("killed");
};

describe("an hour that was closed", () => {
  it("has its name on disk before a start removes what it was made of", async () => {
    const { disk, closer } = watchedDisk();
    const folder = temporaryFolder();
    const clock = new FakeClock(NOON_MS);
    const store = await openLocalStore(folder, disk, clock);
    await store.maintain();
    await store.put(packed(someReports(random, 5)));
    closer.after = fail;
    clock.advance(HOUR_IS_CLOSED_MS);
    await expect(store.maintain()).rejects.toBeInstanceOf(StoreUnavailableError);
    await store.close();
    const open = join(folder, "open", `${NOON_HOUR}.sqlite`);
    const whileThere: string[] = [];
    synced.tell = (path) => {
      if (existsSync(open)) whileThere.push(path);
    };
    const again = await openLocalStore(folder, new SmallDisk(), clock);
    synced.tell = () => {};
    expect(existsSync(open)).toBe(false);
    expect(whileThere).toEqual(
      expect.arrayContaining([join(folder, "hours"), join(folder, "open")]),
    );
    await again.close();
  });

  it("is not closed again, and refuses reports while nobody can say what it holds, when its file cannot be read", async () => {
    const { disk, closer } = watchedDisk();
    const folder = temporaryFolder();
    const clock = new FakeClock(NOON_MS);
    const store = await openLocalStore(folder, disk, clock);
    await store.maintain();
    const reports = someReports(random, 5);
    await store.put(packed(reports));
    const path = join(folder, "hours", `${NOON_HOUR}.hour`);
    const away = join(folder, "away");
    closer.after = () => {
      renameSync(path, away);
      mkdirSync(path);
    };
    clock.advance(HOUR_IS_CLOSED_MS);
    await store.maintain();
    await expect(store.put(packed(reports))).rejects.toBeInstanceOf(StoreUnavailableError);
    await store.maintain();
    rmdirSync(path);
    renameSync(away, path);
    const bytes = readFileSync(path);
    closer.after = () => {};
    await store.put(packed(reports));
    await store.maintain();
    expect((await store.published()).hours.map(({ hour }) => hour)).toEqual([NOON_HOUR]);
    expect(readFileSync(path)).toEqual(bytes);
    clock.advance(HOUR_IS_CLOSED_MS);
    await store.maintain();
    expect(timesFound(reports, await recordsOfHours(store))).toEqual(reports.map(() => 1));
    await store.close();
  });

  it("has the same bytes when it has to be closed again", async () => {
    const { disk, closer } = watchedDisk();
    const folder = temporaryFolder();
    const clock = new FakeClock(NOON_MS);
    const store = await openLocalStore(folder, disk, clock);
    await store.maintain();
    await store.put(packed(someReports(random, 5)));
    let first: Buffer | undefined;
    closer.after = ({ to }) => {
      first = readFileSync(to);
      rmSync(to);
      fail();
    };
    clock.advance(HOUR_IS_CLOSED_MS);
    await expect(store.maintain()).rejects.toBeInstanceOf(StoreUnavailableError);
    closer.after = () => {};
    await store.maintain();
    expect(readFileSync(join(folder, "hours", `${NOON_HOUR}.hour`))).toEqual(first);
    await store.close();
  });

  it("is served as soon as it is closed: before the open one is removed, and before the next is closed", async () => {
    const { disk, closer } = watchedDisk();
    const clock = new FakeClock(NOON_MS);
    const store = await openLocalStore(temporaryFolder(), disk, clock);
    await store.maintain();
    await store.put(packed(someReports(random, 5)));
    clock.advance(HOUR_MS);
    await store.maintain();
    await store.put(packed(someReports(random, 5)));
    const seen: (readonly number[])[] = [];
    const look = async (): Promise<void> => {
      await everything(store);
      seen.push((await store.published()).hours.map(({ hour }) => hour));
    };
    closer.discarding = look;
    clock.advance(HOUR_IS_CLOSED_MS);
    await store.maintain();
    expect(seen).toEqual([[NOON_HOUR], [NOON_HOUR, NOON_HOUR + 1]]);
    expect(await store.segment(SEGMENT)).toBe("gone");
    await store.close();
  });

  it("holds up no other hour when the open one cannot be removed, which is tried again", async () => {
    const { disk, closer } = watchedDisk();
    const folder = temporaryFolder();
    const clock = new FakeClock(NOON_MS);
    const store = await openLocalStore(folder, disk, clock);
    closer.discarding = async () => fail();
    for (let hour = 0; hour < 2; hour++) {
      await store.maintain();
      clock.advance(HOUR_MS);
    }
    clock.advance(120_000);
    await expect(store.maintain()).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(store.maintain()).rejects.toBeInstanceOf(StoreUnavailableError);
    const { hours } = await store.published();
    expect(hours.map(({ hour }) => hour)).toEqual([NOON_HOUR, NOON_HOUR + 1]);
    closer.discarding = async () => {};
    await store.maintain();
    expect(existsSync(join(folder, "open", `${NOON_HOUR}.sqlite`))).toBe(false);
    await store.close();
  });
});
