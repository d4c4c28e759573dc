import { mkdirSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PAGE_BYTES } from "@glowworm/protocol";
import { describe, expect, it } from "vitest";
import { CacheTrouble } from "../../src/cache-trouble.ts";
import { makeCacheRoom } from "../../src/lookup/cache-room.ts";
import { temporaryFolder } from "../support/folders.ts";
import { NOON } from "../support/reports.ts";
import { HOUR, Scene } from "../support/search.ts";

const BLOCK_BYTES = 12 + 4 + 32 + PAGE_BYTES + 16;

/** Somebody who was heard in an hour with a filter and in one without. */
function heardTwice(seed: string): Scene {
  const scene = new Scene(seed);
  const heard = (hour: number) => [scene.record({ seenAt: hour * 3600 + 10 })];
  scene.server.closeHour(HOUR - 2, heard(HOUR - 2));
  scene.server.closeHour(HOUR - 1, heard(HOUR - 1), { pages: 65 });
  return scene;
}

describe("a lookup whose cache", () => {
  it("takes nothing finds all the same, and says why it will read everything again", async () => {
    const scene = heardTwice("no cache");
    scene.cacheFolder = join(temporaryFolder(), "file");
    writeFileSync(scene.cacheFolder, "");
    const { reports, lookup, cacheTrouble } = await scene.find();
    expect(reports).toHaveLength(2);
    expect(lookup.problems).toEqual([]);
    expect(cacheTrouble).toBe("ENOTDIR");
  });

  it("takes nothing searches the same hours again for a clock that leapt", async () => {
    const scene = new Scene("no cache, leapt", NOON + 398 * 86_400);
    const leapt = scene.record({ seenAt: NOON - 3000, beaconTime: NOON - 3000 + 399 * 86_400 });
    scene.server.closeHour(HOUR - 1, [leapt], { pages: 65 });
    scene.cacheFolder = join(temporaryFolder(), "file");
    writeFileSync(scene.cacheFolder, "");
    expect((await scene.find()).reports).toHaveLength(1);
  }, 20_000);

  it("has folders where files should be reads what they stand for again", async () => {
    const scene = heardTwice("folders");
    await scene.find();
    const [server = ""] = readdirSync(join(scene.cacheFolder, "hours"));
    const path = join(scene.cacheFolder, "hours", server, `${HOUR - 3}.hour`);
    mkdirSync(path);
    scene.server.requests.length = 0;
    const { reports, lookup } = await scene.find();
    expect(reports).toHaveLength(2);
    expect(lookup).toMatchObject({ closedHours: 2, problems: [] });
  });

  it("is used by a clock that is two months ahead keeps everything, and asks for no page again", async () => {
    const scene = heardTwice("clock ahead");
    const first = await scene.find();
    scene.clock.advance(100 * 86_400_000);
    expect((await scene.find()).reports).toEqual(first.reports);
    scene.server.requests.length = 0;
    const back = new Scene("clock ahead");
    const { server, cacheFolder } = scene;
    const { reports, lookup } = await Object.assign(back, { server, cacheFolder }).find();
    expect(reports).toEqual(first.reports);
    expect(lookup.problems).toEqual([]);
    expect(server.requests).toHaveLength(1);
  }, 30_000);

  it("holds files that are none of its own is no trouble", async () => {
    const scene = heardTwice("stray file");
    await scene.find();
    writeFileSync(join(scene.cacheFolder, "hours", ".DS_Store"), "");
    const { reports, cacheTrouble } = await scene.find();
    expect(reports).toHaveLength(2);
    expect(cacheTrouble).toBeNull();
  });

  it("has files of gigabytes is not read into memory", async () => {
    const scene = heardTwice("huge files");
    await scene.find();
    const [server = ""] = readdirSync(join(scene.cacheFolder, "hours"));
    truncateSync(join(scene.cacheFolder, "hours", server, `${HOUR - 2}.hour`), 3 * 2 ** 30);
    truncateSync(join(scene.cacheFolder, "candidates", "1.pages"), BLOCK_BYTES * 100_000 + 1);
    const { reports, lookup } = await scene.find();
    expect(reports).toHaveLength(2);
    expect(lookup.problems).toEqual([]);
  }, 30_000);
});

describe("room in the cache", () => {
  const window = { first: 10_000, last: 11_465 };
  function folderOf(files: Readonly<Record<string, number>>): string {
    const folder = temporaryFolder();
    for (const [name, bytes] of Object.entries(files)) {
      mkdirSync(join(folder, name.split("/")[0] ?? ""), { recursive: true });
      writeFileSync(join(folder, name), new Uint8Array(bytes));
    }
    return folder;
  }
  function leftOf(folder: string): readonly string[] {
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.includes("/"))
      .toSorted();
  }

  it("is made by hours two months before the newest, of every server, whether it is needed or not", () => {
    const folder = folderOf({
      "a/9989.hour": 1,
      "a/9990.hour": 1,
      "b/5.hour": 1,
      "b/11430.hour": 1,
    });
    makeCacheRoom(folder, window, new CacheTrouble());
    expect(leftOf(folder)).toEqual(["a/9990.hour", "b/11430.hour"]);
  });

  it("is not made by a clock that is ahead, whatever hours of the future are there", () => {
    const files = { "a/4000.hour": 1, "a/5440.hour": 1, "b/4000000000.hour": 1 };
    const folder = folderOf({ ...files, "a/3999.hour": 1 });
    makeCacheRoom(folder, window, new CacheTrouble());
    expect(leftOf(folder)).toEqual(Object.keys(files));
  });

  it("is not made by age when the clock is behind all that is there", () => {
    const files = { "a/11466.hour": 1, "a/20000.hour": 1 };
    const folder = folderOf(files);
    makeCacheRoom(folder, window, new CacheTrouble());
    expect(leftOf(folder)).toEqual(Object.keys(files));
  });

  it("is made by hours of the future first, and by none while there is room", () => {
    const files = { "a/10001.hour": 90, "a/11150.hour": 90, "a/4000000000.hour": 50 };
    const folder = folderOf(files);
    makeCacheRoom(folder, window, new CacheTrouble(), 230);
    expect(leftOf(folder)).toHaveLength(3);
    makeCacheRoom(folder, window, new CacheTrouble(), 200);
    expect(leftOf(folder)).toEqual(["a/10001.hour", "a/11150.hour"]);
  });

  it("is made by the largest then, the oldest of them first: small old hours outlive a flood", () => {
    const folder = folderOf({
      "a/10001.hour": 10,
      "a/11190.hour": 900,
      "a/11191.hour": 1000,
      "a/11192.hour.new": 800,
    });
    makeCacheRoom(folder, window, new CacheTrouble(), 1100);
    expect(leftOf(folder)).toEqual(["a/10001.hour", "a/11192.hour.new"]);
  });

  it("does not need a folder", () => {
    const trouble = new CacheTrouble();
    makeCacheRoom(join(temporaryFolder(), "none"), window, trouble);
    expect(trouble.code).toBeNull();
  });
});
