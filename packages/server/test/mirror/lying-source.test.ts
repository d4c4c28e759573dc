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
import { crypto } from "../support/fixtures.ts";
import { listOf } from "../support/mirror-answers.ts";
import { copyAll, MANY, MirrorScene } from "../support/mirror-scene.ts";

function flipped(honest: Response): Promise<Response> {
  return honest.arrayBuffer().then((buffer) => {
    const bytes = new Uint8Array(buffer);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    return new Response(bytes);
  });
}

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
      expect(scene.hourFiles).toHaveLength(1);
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

  it("does not copy hours that were gone and are listed again, not after a restart either", async () => {
    const scene = await MirrorScene.open(1, 1);
    await (await scene.copied()).mirror.stop();
    const honest = await listOf(scene.url);
    const [gone, kept] = honest.hours;
    scene.lies.set(PATHS.hours, () => Response.json({ ...honest, hours: [kept] }));
    scene.almostADay(kept?.hour ?? 0);
    const { mirror } = await scene.mirror();
    scene.clock.advance(300_000);
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
