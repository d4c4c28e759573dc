import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type HoursList, PATHS } from "@glowworm/protocol";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/fixtures.ts";
import { openLocalStore, SmallDisk } from "../support/local-store.ts";
import { answerOf, listOf } from "../support/mirror-answers.ts";
import { copyAll, MANY, MirrorScene } from "../support/mirror-scene.ts";

/** Every path of the closed hours that a server lists. */
async function closedPaths(url: string): Promise<readonly string[]> {
  const { hours } = await listOf(url);
  return hours.flatMap(({ hour, pages }) => [
    PATHS.manifest(hour),
    PATHS.filter(hour),
    ...Array.from({ length: pages }, (_, page) => PATHS.page(hour, page)),
  ]);
}

describe("a mirror", () => {
  it("serves closed hours as the server does, byte by byte and header by header", async () => {
    const scene = await MirrorScene.open(3, MANY, 300);
    const { url } = await scene.copied();
    const paths = await closedPaths(scene.url);
    expect(paths.length).toBeGreaterThan(65);
    for (const path of paths)
      expect(await answerOf(url + path)).toEqual(await answerOf(scene.url + path));
    const { hours } = await listOf(scene.url);
    expect(await listOf(url)).toEqual({ v: 1, hours, open: null });
    expect(scene.said).toEqual([]);
  }, 30_000);

  it("has no open hour and takes no reports", async () => {
    const scene = await MirrorScene.open(1);
    const { url } = await scene.copied();
    const { open } = await listOf(scene.url);
    expect((await fetch(url + PATHS.segment(open?.last ?? 0))).status).toBe(410);
    expect((await fetch(url + PATHS.sightings, { method: "POST", body: "x" })).status).toBe(404);
    const refused = await fetch(url + PATHS.hours, { method: "POST", body: "x" });
    expect(refused.status).toBe(405);
    expect(refused.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("copies what is newest first, and asks for nothing twice", async () => {
    const scene = await MirrorScene.open(1, 1, 1);
    const { mirror } = await scene.copied();
    const [a, b, c] = (await listOf(scene.url)).hours.map(({ hour }) => hour);
    expect(scene.asked).toEqual([
      PATHS.hours,
      ...[c, b, a].flatMap((hour = 0) => [PATHS.manifest(hour), PATHS.page(hour, 0)]),
    ]);
    await mirror.stop();
    scene.asked.length = 0;
    await scene.copied();
    expect(scene.asked).toEqual([PATHS.hours]);
  });

  it("that was killed in the middle of an hour has the hours before, whole, and goes on", async () => {
    const scene = await MirrorScene.open(1, 300);
    const [older, newer] = (await listOf(scene.url)).hours.map(({ hour }) => hour);
    const { mirror } = await scene.mirror();
    await mirror.step();
    await mirror.stop();
    writeFileSync(join(scene.folder, "hours", `${older}.hour.unfinished`), "torn");
    scene.asked.length = 0;
    const again = await scene.mirror();
    expect((await listOf(again.url)).hours.map(({ hour }) => hour)).toEqual([newer]);
    await copyAll(again.mirror);
    expect(scene.asked.filter((path) => path.includes(String(newer)))).toEqual([]);
    expect(scene.hourFiles).toEqual([older, newer].map((hour) => `${hour}.hour`));
  });

  it("is ready once it has read the list, and goes on when the server is gone, trying ever later", async () => {
    const scene = await MirrorScene.open(1);
    const { mirror, url } = await scene.mirror();
    expect((await fetch(url + PATHS.health)).status).toBe(200);
    expect((await fetch(url + PATHS.ready)).status).toBe(503);
    await copyAll(mirror);
    expect((await fetch(url + PATHS.ready)).status).toBe(200);
    scene.lies.set(PATHS.hours, () => new Response(null, { status: 503 }));
    const waits = [await copyAll(mirror), await copyAll(mirror), await copyAll(mirror)];
    expect(waits[1]).toBeGreaterThan(1.5 * (waits[0] ?? 0));
    expect(waits[2]).toBeGreaterThan(1.5 * (waits[1] ?? 0));
    expect(scene.said).toHaveLength(1);
    expect((await listOf(url)).hours).toHaveLength(1);
    expect((await fetch(url + PATHS.ready)).status).toBe(200);
  });

  it("waits when the server says that it was too much, and goes on where it was", async () => {
    const scene = await MirrorScene.open(300);
    const { mirror, url } = await scene.mirror();
    const [{ hour }] = (await listOf(scene.url)).hours as [HoursList["hours"][number]];
    const refused = new Promise<void>((resolve) => {
      scene.lies.set(PATHS.page(hour, 1), () => {
        scene.lies.clear();
        resolve();
        return new Response(null, { status: 429 });
      });
    });
    const done = copyAll(mirror);
    await refused;
    await new Promise(setImmediate);
    scene.clock.advance(60_000);
    await done;
    expect((await listOf(url)).hours).toHaveLength(1);
    expect(scene.asked.filter((path) => path === PATHS.page(hour, 0))).toHaveLength(1);
    expect(scene.said).toEqual([]);
  });

  it("is of one server: a folder of another, or of a server's own, is refused", async () => {
    const scene = await MirrorScene.open(1);
    await (await scene.copied()).mirror.stop();
    await expect(scene.mirror("http://127.0.0.1:1")).rejects.toMatchObject({ exit: "usage" });
    Object.defineProperty(scene, "folder", { value: temporaryFolder() });
    writeFileSync(join(scene.folder, "format"), "2\n");
    await expect(scene.mirror()).rejects.toMatchObject({ exit: "usage" });
  });

  it("has a folder that no server takes", async () => {
    const scene = await MirrorScene.open(1);
    const { mirror } = await scene.copied();
    await mirror.stop();
    const opening = openLocalStore(scene.folder, new SmallDisk(), scene.clock);
    await expect(opening).rejects.toMatchObject({
      exit: "usage",
      message: expect.stringContaining("copies of a mirror"),
    });
  });

  it("keeps its folder to itself", async () => {
    const scene = await MirrorScene.open(1);
    await scene.mirror();
    await expect(scene.mirror()).rejects.toMatchObject({ exit: "failure" });
  });
});

describe("a mirror whose disk forgets", () => {
  it.each([
    ["in a page", 1000],
    ["at the end", -1],
  ])("sends no wrong byte %s: it sets the hour aside and copies it again", async (_where, at) => {
    const scene = await MirrorScene.open(1);
    const { mirror } = await scene.copied();
    await mirror.stop();
    const [name = ""] = scene.hourFiles;
    const file = join(scene.folder, "hours", name);
    const bytes = readFileSync(file);
    const index = (at + bytes.length) % bytes.length;
    bytes[index] = (bytes[index] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const again = await scene.mirror();
    const hour = Number.parseInt(name, 10);
    expect((await fetch(again.url + PATHS.page(hour, 0))).status).toBeGreaterThanOrEqual(404);
    expect(scene.said[0]).toContain("damaged, set aside as");
    await copyAll(again.mirror);
    const path = PATHS.page(hour, 0);
    expect(await answerOf(again.url + path)).toEqual(await answerOf(scene.url + path));
  });
});
