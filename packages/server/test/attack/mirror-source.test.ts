import { readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PATHS } from "@glowworm/protocol";
import { describe, expect, it } from "vitest";
import { HOUR_MS } from "../support/fixtures.ts";
import { hoursOf, listOf } from "../support/mirror-answers.ts";
import { copyAll, MirrorScene } from "../support/mirror-scene.ts";

async function readiness(url: string): Promise<readonly [number, string]> {
  const response = await fetch(url + PATHS.ready);
  const { detail } = (await response.json()) as { detail?: string };
  return [response.status, detail ?? ""];
}

/** Refuses as too much, and lets a minute pass as soon as that was heard. */
function busy(scene: MirrorScene): () => Response {
  return () => {
    setImmediate(() => scene.clock.advance(60_000));
    return new Response(null, { status: 429 });
  };
}

describe("a source that refuses one hour as too much, again and again", () => {
  it("holds the mirror on it for half an hour; the others are copied, and it is tried again later", async () => {
    const scene = await MirrorScene.open(1, 1);
    const [older, newer = 0] = await hoursOf(scene.url);
    scene.lies.set(PATHS.page(newer, 0), busy(scene));
    const { mirror, url } = await scene.mirror();
    const beganMs = scene.clock.nowMs();
    await copyAll(mirror);
    expect(scene.clock.nowMs() - beganMs).toBe(30 * 60_000);
    expect(await hoursOf(url)).toEqual([older]);
    expect(scene.said).toEqual([expect.stringContaining(`hour ${newer}: not copied`)]);
    scene.asked.length = 0;
    await copyAll(mirror);
    expect(scene.asked).toEqual([PATHS.hours]);
    scene.lies.clear();
    scene.clock.advance(600_000);
    await copyAll(mirror);
    expect(await hoursOf(url)).toEqual([older, newer]);
  }, 20_000);

  it("or hangs on one does not keep the others from being copied", async () => {
    const scene = await MirrorScene.open(1, 1);
    const [older, newer = 0] = await hoursOf(scene.url);
    scene.lies.set(PATHS.page(newer, 0), () => {
      throw new TypeError("cut off");
    });
    const { mirror, url } = await scene.mirror();
    await copyAll(mirror);
    expect(await hoursOf(url)).toEqual([older]);
    expect(scene.said).toEqual([`hour ${newer}: not copied: unreachable`]);
  });
});

describe("a mirror that falls behind", () => {
  it("is not ready two hours and ten minutes after the end of its newest hour, and says why", async () => {
    const scene = await MirrorScene.open(1);
    const { mirror, url } = await scene.copied();
    // The hour ended two minutes ago.
    scene.clock.advance(2 * HOUR_MS + 8 * 60_000);
    expect((await readiness(url))[0]).toBe(200);
    scene.clock.advance(1000);
    expect(await readiness(url)).toEqual([503, expect.stringContaining("the server lists none")]);
    scene.lies.set(PATHS.hours, () => new Response(null, { status: 503 }));
    await copyAll(mirror);
    expect(await readiness(url)).toEqual([503, expect.stringContaining("cannot be read")]);
    scene.lies.clear();
    await scene.store.maintain();
    const newest = (await hoursOf(scene.url)).at(-1) ?? 0;
    scene.lies.set(PATHS.manifest(newest), () => new Response(null, { status: 404 }));
    await copyAll(mirror);
    expect((await readiness(url))[1]).toContain("could not be copied");
    scene.lies.clear();
    scene.clock.advance(600_000);
    await copyAll(mirror);
    expect((await readiness(url))[0]).toBe(200);
  });

  it("of a server that has closed no hour yet is ready", async () => {
    const scene = await MirrorScene.open();
    const { url } = await scene.copied();
    expect((await readiness(url))[0]).toBe(200);
  });
});

describe("a list of hours that are not over", () => {
  it("is copied as far as time has come, whatever they are", async () => {
    const scene = await MirrorScene.open(1);
    const honest = await listOf(scene.url);
    const [hour] = honest.hours;
    const far = Array.from({ length: 500 }, (_, index) => {
      return { pages: 65_536, manifest: "ab".repeat(32), hour: 4_000_000_000 + index };
    });
    const hours = [hour, ...far];
    scene.lies.set(PATHS.hours, () => Response.json({ ...honest, hours }));
    const { url } = await scene.copied();
    expect((await listOf(url)).hours).toEqual([hour]);
    expect(scene.asked).toHaveLength(3);
    expect(scene.said).toEqual([expect.stringContaining("Is this clock right?")]);
  });
});

describe("a source with ever new faults", () => {
  it("fills no log", async () => {
    const scene = await MirrorScene.open(1);
    const { mirror } = await scene.copied();
    const honest = await listOf(scene.url);
    for (let round = 0; round < 5; round++) {
      const hours = honest.hours.flatMap(({ hour }) =>
        Array.from({ length: 200 }, (_, index) => {
          return { hour: hour - 200 + index, pages: 70_000 + round, manifest: "cd".repeat(32) };
        }).concat({ hour, pages: 1, manifest: round.toString(16).padStart(64, "0") }),
      );
      scene.lies.set(PATHS.hours, () => Response.json({ ...honest, hours }));
      for (let step = 0; step < 250; step++) if ((await mirror.step()) > 0) break;
    }
    expect(scene.said.length).toBeGreaterThan(50);
    expect(scene.said.length).toBeLessThanOrEqual(101);
    expect(scene.said.at(-1)).toContain("more is wrong than is said here");
  });
});

describe("a mirror on a disk with little room", () => {
  it("copies nothing, says so once, serves on, and goes on when there is room", async () => {
    const scene = await MirrorScene.open(1, 1);
    const { mirror, url } = await scene.mirror();
    await mirror.step();
    const [newer] = await hoursOf(url);
    scene.freeBytes = 256 * 2 ** 20 - 1;
    await copyAll(mirror);
    scene.clock.advance(HOUR_MS);
    await copyAll(mirror);
    await copyAll(mirror);
    expect(await hoursOf(url)).toEqual([newer]);
    expect((await fetch(url + PATHS.page(newer ?? 0, 0))).status).toBe(200);
    expect(scene.said).toEqual([expect.stringContaining("too little room")]);
    scene.freeBytes = 2 ** 40;
    await copyAll(mirror);
    expect(await hoursOf(url)).toHaveLength(2);
    expect(scene.told.some((line) => line.includes("room again"))).toBe(true);
  });

  it("copies the hours that fit, and names the one that does not", async () => {
    const scene = await MirrorScene.open(1, 3000);
    const [small, large] = await hoursOf(scene.url);
    scene.freeBytes = 256 * 2 ** 20 + 100_000;
    const { url } = await scene.copied();
    expect(await hoursOf(url)).toEqual([small]);
    expect(scene.said).toEqual([`hour ${large}: not copied: no room for it`]);
  });
});

describe("a mirror whose disk lets nothing be set aside", () => {
  it("goes on: what is damaged is copied again", async () => {
    const scene = await MirrorScene.open(1);
    const { mirror, url } = await scene.copied();
    const [name = ""] = readdirSync(join(scene.folder, "hours"));
    const file = join(scene.folder, "hours", name);
    const whole = readFileSync(file);
    writeFileSync(
      file,
      whole.map((byte, at) => (at === 1000 ? byte ^ 1 : byte)),
    );
    rmSync(join(scene.folder, "damaged"), { recursive: true });
    // Another file system: nothing can be moved there.
    symlinkSync("/proc", join(scene.folder, "damaged"));
    scene.clock.advance(24 * HOUR_MS);
    for (let step = 0; step < 5; step++) await mirror.step();
    expect(readFileSync(file)).toEqual(whole);
    expect(await hoursOf(url)).toHaveLength(1);
    expect(scene.said[0]).toContain("cannot be set aside: EXDEV");
  });
});

describe("the log of a mirror", () => {
  it("has a line for each hour that was copied", async () => {
    const scene = await MirrorScene.open(1, 300);
    await scene.copied();
    const { hours } = await listOf(scene.url);
    expect(scene.told.filter((line) => line.startsWith("copied"))).toEqual(
      hours.toReversed().map(({ hour, pages }) => `copied hour ${hour}, pages: ${pages}`),
    );
  });
});
