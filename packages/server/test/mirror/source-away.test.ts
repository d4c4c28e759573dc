import { PATHS } from "@glowworm/protocol";
import { expect, it } from "vitest";
import { hoursOf } from "../support/mirror-answers.ts";
import { copyAll, MirrorScene } from "../support/mirror-scene.ts";

it("is one state with one line, and no hour waits once it is back: a server that goes in the middle of one", async () => {
  const scene = await MirrorScene.open(1, 1, 1);
  const hours = await hoursOf(scene.url);
  const [, middle = 0] = hours;
  scene.lies.set(PATHS.manifest(middle), async (honest) => {
    const bytes = await honest.arrayBuffer();
    await scene.goAway();
    return new Response(bytes);
  });
  const { mirror, url } = await scene.mirror();
  const waits = [await copyAll(mirror), await copyAll(mirror), await copyAll(mirror)];
  expect(waits.map((ms) => Math.floor(Math.log2(ms / 30_000)))).toEqual([0, 1, 2]);
  expect(await hoursOf(url)).toEqual(hours.slice(2));
  expect(scene.said).toEqual([`${scene.url}: unreachable: trying again later`]);
  scene.lies.clear();
  await scene.comeBack();
  scene.asked.length = 0;
  await copyAll(mirror);
  expect(await hoursOf(url)).toEqual(hours);
  expect(scene.asked.filter((path) => path === PATHS.hours)).toHaveLength(1);
  expect(scene.said).toHaveLength(1);
});

it("is not said of its hours, one by one: a proxy that answers for a server that is gone", async () => {
  const scene = await MirrorScene.open(1, 1, 1);
  const hours = await hoursOf(scene.url);
  const { mirror, url } = await scene.mirror();
  await mirror.step();
  const paths = [PATHS.hours, ...hours.map((hour) => PATHS.manifest(hour))];
  for (const path of paths) scene.lies.set(path, () => new Response(null, { status: 502 }));
  expect(await copyAll(mirror)).toBeGreaterThanOrEqual(30_000);
  expect(scene.said).toEqual([`${scene.url}: status 502: trying again later`]);
  scene.lies.clear();
  await copyAll(mirror);
  expect(await hoursOf(url)).toEqual(hours);
});
