import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import {
  backupStore,
  type EmbeddedStore,
  openForTool,
  restoreStore,
  storeStats,
  type ToolWorld,
  verifyStore,
} from "@glowworm/server";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { flip } from "../support/damage.ts";
import {
  crypto,
  HOUR_MS,
  type NewReport,
  NOON_HOUR,
  NOON_MS,
  packed,
  someReports,
  temporaryFolder,
} from "../support/fixtures.ts";
import { openLocalStore, SmallDisk } from "../support/local-store.ts";
import { everything, recordsOfHours, timesFound } from "../support/published.ts";
import { StoreScene } from "../support/store-scene.ts";

const random = seededRandom("tools");
const world: ToolWorld = { crypto, openForReading: openForTool, pause: async () => {} };
const BACKUP = { retentionDays: 30 };

let folder: string;
let data: string;
let to: string;
let clock: FakeClock;
let store: EmbeddedStore;
let reports: readonly NewReport[];

/** A running store with two closed hours and two open ones. */
beforeEach(async () => {
  folder = temporaryFolder();
  data = join(folder, "data");
  to = join(folder, "backup");
  const filled = await StoreScene.filled(4, random, { folder: data });
  ({ store, clock } = filled.scene);
  reports = filled.reports.flat();
});
afterEach(() => store.close());

describe("a backup of a running server", () => {
  it("restores to a store that publishes the same bytes", async () => {
    const done = await backupStore(world, { data, to, ...BACKUP });
    expect(done).toEqual({ copied: 2, kept: 0, openHours: 2, damaged: [] });
    const before = await everything(store);
    await store.put(packed(someReports(random, 5)));
    const restored = join(folder, "restored");
    expect(await restoreStore(world, { from: to, data: restored })).toEqual({
      hours: 2,
      openHours: 2,
      damaged: [],
    });
    const again = await openLocalStore(restored, new SmallDisk(), clock);
    expect(await everything(again)).toEqual(before);
    clock.advance(2 * HOUR_MS);
    await again.maintain();
    expect(timesFound(reports, await recordsOfHours(again))).toEqual(reports.map(() => 1));
    await again.close();
  });

  it("copies only what is new the next time, and drops the open copies of what has closed", async () => {
    await backupStore(world, { data, to, ...BACKUP });
    clock.advance(HOUR_MS);
    await store.maintain();
    const done = await backupStore(world, { data, to, ...BACKUP });
    expect(done).toEqual({ copied: 1, kept: 2, openHours: 2, damaged: [] });
    const copies = readdirSync(join(to, "open")).sort();
    expect(copies).toEqual([`${NOON_HOUR + 3}.sqlite`, `${NOON_HOUR + 4}.sqlite`]);
    expect((await verifyStore(world, to)).damaged).toEqual([]);
  });

  it("goes on after it was cut off, and cannot be restored before it is finished", async () => {
    let pauses = 0;
    const cut: ToolWorld = {
      ...world,
      pause: async () => {
        pauses += 1;
        if (pauses > 2) throw new Error("cut off");
      },
    };
    await expect(backupStore(cut, { data, to, ...BACKUP })).rejects.toThrow("cut off");
    const early = restoreStore(world, { from: to, data: join(folder, "early") });
    await expect(early).rejects.toMatchObject({ exit: "failure" });
    const done = await backupStore(world, { data, to, ...BACKUP });
    expect(done.copied + done.kept).toBe(2);
    await restoreStore(world, { from: to, data: join(folder, "restored") });
  });

  it("leaves out what is damaged and names it, and keeps the sound copy it has", async () => {
    await backupStore(world, { data, to, ...BACKUP });
    const path = join(data, "hours", `${NOON_HOUR}.hour`);
    flip(path, 9000);
    const second = join(folder, "second");
    const done = await backupStore(world, { data, to: second, ...BACKUP });
    expect(done.damaged.map((file) => file.path)).toEqual([path]);
    expect(readdirSync(join(second, "hours"))).toEqual([`${NOON_HOUR + 1}.hour`]);
    await backupStore(world, { data, to, ...BACKUP });
    expect((await verifyStore(world, to)).damaged).toEqual([]);
  });

  it("holds nothing past its own retention", async () => {
    await backupStore(world, { data, to, ...BACKUP });
    for (const hours of [22, 2]) {
      clock.advance(hours * HOUR_MS);
      await store.maintain();
    }
    await backupStore(world, { data, to, retentionDays: 1 });
    expect(readdirSync(join(to, "hours")).sort()).toEqual(
      [2, 3, 25].map((hour) => `${NOON_HOUR + hour}.hour`),
    );
  });

  it("does not go on with one that an older version made", async () => {
    mkdirSync(to);
    writeFileSync(join(to, "format"), "2\n");
    await expect(backupStore(world, { data, to, ...BACKUP })).rejects.toThrow(/older version/);
    expect(readdirSync(to)).toEqual(["format"]);
  });

  it("refuses to mix two servers' hours", async () => {
    await backupStore(world, { data, to, ...BACKUP });
    const other = join(folder, "other");
    const stranger = await openLocalStore(other, new SmallDisk(), new FakeClock(NOON_MS));
    await stranger.maintain();
    await stranger.close();
    const late = new FakeClock(NOON_MS + 2 * HOUR_MS);
    const closing = await openLocalStore(other, new SmallDisk(), late);
    await closing.maintain();
    await closing.close();
    const mixing = backupStore(world, { data: other, to, ...BACKUP });
    await expect(mixing).rejects.toMatchObject({ exit: "failure" });
  });

  it.each(["", "hours", "../data", ".."])("refuses to go to %o of the data folder", async (way) => {
    const backup = backupStore(world, { data, to: join(data, way), ...BACKUP });
    await expect(backup).rejects.toMatchObject({ exit: "usage" });
  });
});

describe("restoring", () => {
  it("touches no folder that holds anything", async () => {
    await backupStore(world, { data, to, ...BACKUP });
    const full = join(folder, "full");
    mkdirSync(full);
    writeFileSync(join(full, "mine"), "");
    const restoring = restoreStore(world, { from: to, data: full });
    await expect(restoring).rejects.toMatchObject({ exit: "usage" });
    expect(readdirSync(full)).toEqual(["mine"]);
  });

  it("leaves a folder that no server takes when it is cut off", async () => {
    await backupStore(world, { data, to, ...BACKUP });
    const half = join(folder, "half");
    const cut: ToolWorld = { ...world, pause: () => Promise.reject(new Error("cut off")) };
    await expect(restoreStore(cut, { from: to, data: half })).rejects.toThrow("cut off");
    const opening = openLocalStore(half, new SmallDisk(), clock);
    await expect(opening).rejects.toMatchObject({ exit: "failure" });
  });

  it("leaves out damaged hours and names them", async () => {
    await backupStore(world, { data, to, ...BACKUP });
    const path = join(to, "hours", `${NOON_HOUR + 1}.hour`);
    flip(path, 5000);
    const restored = join(folder, "restored");
    const done = await restoreStore(world, { from: to, data: restored });
    expect(done.damaged.map((file) => file.path)).toEqual([path]);
    expect(readdirSync(join(restored, "hours"))).toEqual([`${NOON_HOUR}.hour`]);
  });
});

describe("verifying", () => {
  it("counts what is sound while the server runs, and changes nothing", async () => {
    const before = readdirSync(data, { recursive: true }).sort();
    const found = await verifyStore(world, data);
    // Two closed hours of two pages, 239 closed segments of the third and two of the fourth.
    expect(found).toEqual({ hours: 2, openHours: 2, records: 2 * 512 + 258 + 22, damaged: [] });
    expect(readdirSync(data, { recursive: true }).sort()).toEqual(before);
  });

  it("counts what is in no closed segment yet", async () => {
    await store.put(packed(someReports(random, 5)));
    expect((await verifyStore(world, data)).records).toBe(2 * 512 + 258 + 22 + 5);
    expect(storeStats(world, data).openRecords).toBe(280 + 5);
  });

  it("names every file in which a bit has changed, and goes on", async () => {
    await store.close();
    const open = join(data, "open", `${NOON_HOUR + 2}.sqlite`);
    const closed = join(data, "hours", `${NOON_HOUR + 1}.hour`);
    flip(closed, 40_000);
    writeFileSync(open, "x".repeat(9000));
    const found = await verifyStore(world, data);
    expect(found.damaged.map((file) => file.path).sort()).toEqual([closed, open].sort());
    expect([found.hours, found.openHours]).toEqual([1, 1]);
    rmSync(open);
    store = await openLocalStore(data, new SmallDisk(), clock);
  });

  it("refuses a folder that is none", async () => {
    await expect(verifyStore(world, folder)).rejects.toMatchObject({ exit: "usage" });
    expect(existsSync(join(folder, "open"))).toBe(false);
  });
});

describe("statistics", () => {
  it("count hours, records and bytes", () => {
    const stats = storeStats(world, data);
    expect(stats).toMatchObject({
      hours: 2,
      records: 1024,
      oldest: "2026-11-20T12:00:00.000Z",
      newest: "2026-11-20T13:00:00.000Z",
      openHours: 2,
      openRecords: 280,
      damagedFiles: 0,
    });
    expect(stats.bytes).toBe(2 * (77 + 2 * 64 + 2 * 34_048 + 61));
    expect(stats.bytesPerRecord).toBeCloseTo(stats.bytes / 1024);
  });

  it("count damaged files that were set aside", async () => {
    await store.close();
    cpSync(
      join(data, "hours", `${NOON_HOUR}.hour`),
      join(data, "damaged", `${NOON_HOUR - 1}.hour.1`),
    );
    expect(storeStats(world, data).damagedFiles).toBe(1);
    store = await openLocalStore(data, new SmallDisk(), clock);
  });
});
