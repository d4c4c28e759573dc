import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  buildFilter,
  decodeManifest,
  encodeManifest,
  filterHash,
  type HoursList,
  manifestHash,
  PATHS,
  toHex,
} from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { crypto, temporaryFolder } from "../support/fixtures.ts";
import { copyAll, MirrorScene } from "../support/mirror-scene.ts";

/** An hour of 65 pages has a filter. */
const MANY = 64 * 256 + 1;

async function listOf(url: string): Promise<HoursList> {
  return (await (await fetch(url + PATHS.hours)).json()) as HoursList;
}

/** Every path of the closed hours that a server lists. */
async function closedPaths(url: string): Promise<readonly string[]> {
  const { hours } = await listOf(url);
  return hours.flatMap(({ hour, pages }) => [
    PATHS.manifest(hour),
    PATHS.filter(hour),
    ...Array.from({ length: pages }, (_, page) => PATHS.page(hour, page)),
  ]);
}

/** Status, headers and body, but for what changes from one moment to the next. */
async function answerOf(url: string): Promise<unknown> {
  const response = await fetch(url);
  const headers = Object.fromEntries(response.headers);
  for (const name of ["date", "connection", "keep-alive"]) delete headers[name];
  return {
    status: response.status,
    headers,
    body: Buffer.from(await response.arrayBuffer()).toString("hex"),
  };
}

function flipped(honest: Response): Promise<Response> {
  return honest.arrayBuffer().then((buffer) => {
    const bytes = new Uint8Array(buffer);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    return new Response(bytes);
  });
}

function hourFiles(scene: MirrorScene): readonly string[] {
  return readdirSync(join(scene.folder, "hours")).toSorted();
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
    expect((await fetch(url + PATHS.hours, { method: "POST", body: "x" })).status).toBe(405);
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
    expect(hourFiles(scene)).toEqual([older, newer].map((hour) => `${hour}.hour`));
  });

  it("keeps what the server keeps, and removes what that has removed", async () => {
    const scene = await MirrorScene.open(1, 1, 1);
    const { mirror, url } = await scene.copied();
    const list = await listOf(scene.url);
    scene.lies.set(PATHS.hours, () => Response.json({ ...list, hours: list.hours.slice(1) }));
    await copyAll(mirror);
    expect((await listOf(url)).hours).toEqual(list.hours.slice(1));
    expect(hourFiles(scene)).toHaveLength(2);
    scene.lies.set(PATHS.hours, () => Response.json({ ...list, hours: [] }));
    await copyAll(mirror);
    expect(hourFiles(scene)).toHaveLength(2);
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

  it("keeps its folder to itself", async () => {
    const scene = await MirrorScene.open(1);
    await scene.mirror();
    await expect(scene.mirror()).rejects.toMatchObject({ exit: "failure" });
  });
});

describe("a mirror of a server that lies", () => {
  it.each([
    ["another page", PATHS.page, flipped],
    ["a page that is gone", PATHS.page, () => new Response(null, { status: 404 })],
    [
      "a page elsewhere",
      PATHS.page,
      () => new Response(null, { status: 302, headers: { location: "http://127.0.0.1:1/" } }),
    ],
    ["another manifest", PATHS.manifest, flipped],
  ] as const)(
    "copies no hour with %s, says so, and copies the others",
    async (_what, pathOf, lie) => {
      const scene = await MirrorScene.open(1, 1);
      const [older, newer] = (await listOf(scene.url)).hours;
      scene.lies.set(pathOf(newer?.hour ?? 0, 0), lie);
      const { mirror, url } = await scene.copied();
      expect((await listOf(url)).hours).toEqual([older]);
      expect(hourFiles(scene)).toHaveLength(1);
      expect(scene.said).toEqual([expect.stringContaining(`hour ${newer?.hour}: not copied`)]);
      scene.lies.clear();
      scene.clock.advance(600_000);
      await copyAll(mirror);
      expect((await listOf(url)).hours).toEqual([older, newer]);
    },
  );

  it("copies no hour with another filter than its manifest's", async () => {
    const scene = await MirrorScene.open(MANY);
    const [large] = (await listOf(scene.url)).hours;
    scene.lies.set(PATHS.filter(large?.hour ?? 0), flipped);
    const { url } = await scene.copied();
    expect((await listOf(url)).hours).toEqual([]);
    expect(scene.said).toEqual([expect.stringContaining("filter differs")]);
  }, 20_000);

  it("copies no hour whose filter leaves out ids", async () => {
    const scene = await MirrorScene.open(MANY);
    const { hours, ...list } = await listOf(scene.url);
    const [{ hour, pages }] = hours as [HoursList["hours"][number]];
    const filter = buildFilter(new Uint8Array(16), seededRandom("one id"));
    const honest = new Uint8Array(
      await (await fetch(scene.url + PATHS.manifest(hour))).arrayBuffer(),
    );
    const head = encodeManifest({ ...decodeManifest(honest), filter: filterHash(crypto, filter) });
    const manifest = toHex(manifestHash(crypto, head));
    const forged = { ...list, hours: [{ hour, pages, manifest }] };
    scene.lies.set(PATHS.hours, () => Response.json(forged));
    scene.lies.set(PATHS.manifest(hour), () => new Response(head.slice()));
    scene.lies.set(PATHS.filter(hour), () => new Response(filter.slice()));
    const { url } = await scene.copied();
    expect((await listOf(url)).hours).toEqual([]);
    expect(scene.said).toEqual([expect.stringContaining("lacks ids")]);
  }, 20_000);

  it("keeps and serves the first copy of an hour that changes, and says so once", async () => {
    const scene = await MirrorScene.open(1);
    const { mirror, url } = await scene.copied();
    const before = await listOf(scene.url);
    const manifest = "ab".repeat(32);
    const hours = before.hours.map((hour) => ({ ...hour, manifest }));
    scene.lies.set(PATHS.hours, () => Response.json({ ...before, hours }));
    await copyAll(mirror);
    await copyAll(mirror);
    expect((await listOf(url)).hours).toEqual(before.hours);
    expect(scene.said).toEqual([
      expect.stringContaining(`${before.hours[0]?.manifest} is kept, now ${manifest}`),
    ]);
  });

  it("says which hour is no longer listed, and which does not follow the one before", async () => {
    const scene = await MirrorScene.open(1, 1, 1);
    const list = await listOf(scene.url);
    const [a, b, c] = list.hours;
    scene.lies.set(PATHS.hours, () => Response.json({ ...list, hours: [a, c] }));
    const { mirror } = await scene.copied();
    expect(scene.said).toEqual([expect.stringContaining(`hour ${c?.hour}: does not follow`)]);
    scene.lies.clear();
    await copyAll(mirror);
    scene.lies.set(PATHS.hours, () => Response.json({ ...list, hours: [a, c] }));
    await copyAll(mirror);
    expect(scene.said.at(-1)).toContain(`hour ${b?.hour}: no longer listed, kept`);
  });

  it("keeps what it has when a list has none of it", async () => {
    const scene = await MirrorScene.open(1, 1);
    const { mirror, url } = await scene.copied();
    const honest = await listOf(scene.url);
    const far = [{ ...honest.hours[0], hour: 7 }];
    scene.lies.set(PATHS.hours, () => Response.json({ ...honest, hours: far }));
    await copyAll(mirror);
    expect((await listOf(url)).hours).toEqual(honest.hours);
    expect(scene.said).toContainEqual(expect.stringContaining("they are kept"));
  });

  it("does not copy hours that were gone and are listed again, not after a restart either", async () => {
    const scene = await MirrorScene.open(1, 1);
    const { mirror } = await scene.copied();
    const honest = await listOf(scene.url);
    const [gone, kept] = honest.hours;
    scene.lies.set(PATHS.hours, () => Response.json({ ...honest, hours: [kept] }));
    await copyAll(mirror);
    await mirror.stop();
    scene.lies.clear();
    const again = await scene.mirror();
    await copyAll(again.mirror);
    expect((await listOf(again.url)).hours).toEqual([kept]);
    expect(scene.said.at(-1)).toContain(`hour ${gone?.hour}: listed again after it was gone`);
  });

  it("takes no list that is none, and no hour larger than is read", async () => {
    const scene = await MirrorScene.open(1);
    const { mirror } = await scene.copied();
    scene.lies.set(PATHS.hours, () => new Response("<html>"));
    expect(await copyAll(mirror)).toBeLessThan(60_000);
    const list = {
      v: 1,
      hours: [{ hour: 1, pages: 65_537, manifest: "00".repeat(32) }],
      open: null,
    };
    scene.lies.set(PATHS.hours, () => Response.json(list));
    scene.asked.length = 0;
    await copyAll(mirror);
    expect(scene.asked).toEqual([PATHS.hours]);
    expect(scene.said.at(-1)).toContain("hour 1: not copied");
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
    const [name = ""] = hourFiles(scene);
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
