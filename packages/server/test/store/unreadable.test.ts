import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { openForReading } from "@glowworm/platform";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { type EmbeddedStore, StoreUnavailableError } from "@glowworm/server";
import { describe, expect, it } from "vitest";
import { LocalCloser } from "../../src/store/embedded/closing/closer.ts";
import { DamagedHourError, isUnreadable } from "../../src/store/embedded/damage.ts";
import { reread, rereadLater } from "../../src/store/embedded/reread.ts";
import { flip } from "../support/damage.ts";
import {
  crypto,
  HOUR_MS,
  NOON_HOUR,
  NOON_MS,
  packed,
  SEGMENT_MS,
  someReports,
  temporaryFolder,
} from "../support/fixtures.ts";
import { openLocalStore, SmallDisk } from "../support/local-store.ts";
import { everything } from "../support/published.ts";

const random = seededRandom("unreadable");
const SEGMENT = NOON_HOUR * 120;
const OPEN = `${NOON_HOUR}.sqlite`;
const CLOSED = `${NOON_HOUR}.hour`;
/** Where every read says EIO: nothing is mapped at the beginning of a process. */
const BAD = "/proc/self/mem";

function errorWith(code: string, syscall?: string): Error {
  return Object.assign(new Error(code), { code, syscall });
}

/** A clock on which no sleep takes time. */
class QuickClock extends FakeClock {
  readonly slept: number[] = [];

  override async sleep(ms: number): Promise<void> {
    this.slept.push(ms);
  }
}

/** Takes a file away, and puts another in its place that cannot be read. Returns what puts it back. */
function spoil(path: string): () => void {
  renameSync(path, `${path}.kept`);
  symlinkSync(BAD, path);
  return () => {
    rmSync(path);
    renameSync(`${path}.kept`, path);
  };
}

interface Filled {
  readonly folder: string;
  readonly clock: QuickClock;
  readonly store: EmbeddedStore;
}

/** A store whose first segment is large. */
async function filled(disk = new SmallDisk()): Promise<Filled> {
  const folder = temporaryFolder();
  const clock = new QuickClock(NOON_MS);
  const store = await openLocalStore(folder, disk, clock);
  await store.maintain();
  await store.put(packed(someReports(random, 100)));
  clock.advance(SEGMENT_MS);
  await store.maintain();
  return { folder, clock, store };
}

/** The same, an hour later: the first one is closed. */
async function closedOnce(): Promise<Filled> {
  const world = await filled();
  world.clock.advance(HOUR_MS + 120_000);
  await world.store.maintain();
  return world;
}

describe("a read that fails", () => {
  it.each([
    [errorWith("EIO", "read"), true],
    [errorWith("EIO", "fsync"), false],
    [errorWith("EIO", "write"), false],
    [errorWith("ENOSPC", "write"), false],
    [errorWith("SQLITE_IOERR_READ"), true],
    [errorWith("SQLITE_IOERR_SHORT_READ"), true],
    [errorWith("SQLITE_IOERR_CORRUPTFS"), true],
    [errorWith("SQLITE_CORRUPT"), true],
    [errorWith("SQLITE_IOERR_FSYNC"), false],
    [errorWith("SQLITE_IOERR_WRITE"), false],
    [errorWith("SQLITE_FULL"), false],
    [errorWith("SQLITE_BUSY"), false],
    [new DamagedHourError("differs"), false],
  ])("is told from other failures: %s %s", (error, expected) => {
    expect(isUnreadable(error)).toBe(expected);
  });

  it("is tried three times, and is damage then; what is no read is tried once", async () => {
    for (const [error, tries] of [
      [errorWith("EIO", "read"), 3],
      [errorWith("EIO", "write"), 1],
    ] as const) {
      let tried = 0;
      const work = (): never => {
        tried += 1;
        throw error;
      };
      const waited: number[] = [];
      const expected = tries === 1 ? error : expect.any(DamagedHourError);
      let thrown: unknown;
      try {
        reread((ms) => waited.push(ms), work);
      } catch (caught) {
        thrown = caught;
      }
      expect(thrown).toEqual(expected);
      const later = rereadLater(
        async (ms) => void waited.push(ms),
        async () => work(),
      );
      await expect(later).rejects.toEqual(expected);
      expect(tried).toBe(2 * tries);
      expect(waited).toEqual(tries === 1 ? [] : [250, 2000, 250, 2000]);
    }
  });
});

describe.skipIf(!existsSync(BAD))("a closed hour that cannot be read", () => {
  it("is set aside at a start, after three tries", async () => {
    const { folder, clock, store } = await closedOnce();
    await store.close();
    spoil(join(folder, "hours", CLOSED));
    const disk = new SmallDisk();
    const waited: number[] = [];
    disk.wait = (ms) => waited.push(ms);
    const again = await openLocalStore(folder, disk, clock);
    expect(again.damaged).toEqual([join(folder, "damaged", `${CLOSED}.1`)]);
    expect(waited).toEqual([250, 2000]);
    await again.put(packed(someReports(random, 3)));
    await again.close();
  });

  it("is served when a later try reads it", async () => {
    const { folder, clock, store } = await closedOnce();
    const before = await everything(store);
    await store.close();
    const mend = spoil(join(folder, "hours", CLOSED));
    const disk = new SmallDisk();
    disk.wait = (ms) => {
      if (ms === 2000) mend();
    };
    const again = await openLocalStore(folder, disk, clock);
    expect(again.damaged).toEqual([]);
    expect(await everything(again)).toEqual(before);
    await again.close();
  });

  it("is set aside when a reader comes, after three tries", async () => {
    const { folder, clock, store } = await closedOnce();
    spoil(join(folder, "hours", CLOSED));
    await expect(store.manifest(NOON_HOUR)).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(clock.slept).toEqual([250, 2000]);
    expect(store.damaged).toEqual([join(folder, "damaged", `${CLOSED}.1`)]);
    expect(await store.manifest(NOON_HOUR)).toBeNull();
    await store.close();
  });

  it.each([
    [1, []],
    [2, []],
    [3, [`${CLOSED}.1`]],
  ])("is set aside by the daily check when it fails three times: %i", async (times, damaged) => {
    const { folder, clock, store } = await closedOnce();
    clock.advance(25 * HOUR_MS);
    const mend = spoil(join(folder, "hours", CLOSED));
    for (let time = 0; time < times; time++) await store.maintain();
    if (times < 3) mend();
    for (let time = 0; time < 3; time++) await store.maintain();
    expect(store.damaged).toEqual(damaged.map((name) => join(folder, "damaged", name)));
    await store.close();
  });
});

describe("an open hour that cannot be read", () => {
  it("is closed all the same when SQLite could not read it once, and set aside when it never can", async () => {
    for (const [failures, damaged] of [
      [1, []],
      [2, []],
      [3, [`${OPEN}.1`]],
    ] as const) {
      let failing = 0;
      const disk = new SmallDisk();
      disk.closer = new LocalCloser({
        crypto,
        wait: (ms) => disk.wait(ms),
        openForReading: (path) => {
          if (failing-- > 0) throw errorWith("SQLITE_CORRUPT");
          return openForReading(path);
        },
      });
      const { folder, clock, store } = await filled(disk);
      await store.put(packed(someReports(random, 4)));
      clock.advance(SEGMENT_MS);
      failing = failures;
      const closing = store.maintain();
      if (damaged.length > 0) await expect(closing).rejects.toBeInstanceOf(StoreUnavailableError);
      else await closing;
      await store.maintain();
      expect(store.damaged).toEqual(damaged.map((name) => join(folder, "damaged", name)));
      await store.put(packed(someReports(random, 4)));
      await store.close();
    }
  });

  it.skipIf(!existsSync(BAD))("is set aside at a start, after three tries", async () => {
    const { folder, clock, store } = await filled();
    await store.close();
    spoil(join(folder, "open", OPEN));
    const disk = new SmallDisk();
    const waited: number[] = [];
    disk.wait = (ms) => waited.push(ms);
    const again = await openLocalStore(folder, disk, clock);
    expect(again.damaged).toEqual([join(folder, "damaged", `${OPEN}.1`)]);
    expect(waited).toEqual([250, 2000]);
    await again.close();
  });

  it.skipIf(!existsSync(BAD))("is not set aside for a small segment", async () => {
    const { folder, clock, store } = await filled();
    clock.advance(SEGMENT_MS);
    await store.maintain();
    const before = await everything(store);
    await store.close();
    spoil(join(folder, "open", `${SEGMENT + 1}.segment`));
    const again = await openLocalStore(folder, new SmallDisk(), clock);
    expect(again.damaged).toEqual([]);
    expect(await everything(again)).toEqual(before);
    await again.close();
  });

  it("is not overwritten by the next one of its number when it could not be moved away", async () => {
    const { folder, store } = await filled();
    flip(join(folder, "open", `${SEGMENT}.segment`), 7);
    const inTheWay = join(folder, "damaged", `${OPEN}.1-${SEGMENT}.segment`);
    mkdirSync(inTheWay);
    await expect(store.segment(SEGMENT)).rejects.toThrow();
    const late = packed(someReports(random, 4));
    await expect(store.put(late)).rejects.toBeInstanceOf(StoreUnavailableError);
    rmdirSync(inTheWay);
    await store.put(late);
    expect(store.damaged).toEqual([join(folder, "damaged", `${OPEN}.1`)]);
    expect(readdirSync(join(folder, "damaged"))).toEqual(
      expect.arrayContaining([`${OPEN}.1`, `${OPEN}.1-${SEGMENT}.segment`]),
    );
    await store.close();
  });
});
