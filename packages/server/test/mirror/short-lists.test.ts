import { type HoursList, PATHS } from "@glowworm/protocol";
import type { Mirror } from "@glowworm/server";
import { expect, it } from "vitest";
import { hoursOf } from "../support/mirror-answers.ts";
import { copyAll, MirrorScene } from "../support/mirror-scene.ts";

/** A source with four hours; what it lists instead can be said. */
class FourHours {
  readonly scene: MirrorScene;
  readonly honest: HoursList;

  private constructor(scene: MirrorScene, honest: HoursList) {
    this.scene = scene;
    this.honest = honest;
  }

  static async open(): Promise<FourHours> {
    const scene = await MirrorScene.open(1, 1, 1, 1);
    const response = await fetch(scene.url + PATHS.hours);
    return new FourHours(scene, (await response.json()) as HoursList);
  }

  get hours(): readonly number[] {
    return this.honest.hours.map(({ hour }) => hour);
  }

  /** From now on the list lacks so many, the oldest. */
  cut(count: number): void {
    const hours = this.honest.hours.slice(count);
    this.scene.lies.set(PATHS.hours, () => Response.json({ ...this.honest, hours }));
  }

  /** Lets a mirror read the next list. */
  async read(mirror: Mirror): Promise<void> {
    this.scene.clock.advance(300_000);
    await copyAll(mirror);
  }
}

it("costs no copy when it comes once, and is said: a list without the oldest hours", async () => {
  const source = await FourHours.open();
  const { mirror, url } = await source.scene.copied();
  source.cut(3);
  await source.read(mirror);
  expect(await hoursOf(url)).toEqual(source.hours);
  const text = "3 hours went from the list at once: they are kept for a day of such lists";
  expect(source.scene.said).toEqual([text]);
  source.scene.lies.clear();
  await source.read(mirror);
  expect(await hoursOf(url)).toEqual(source.hours);
  expect(source.scene.said).toEqual([text]);
});

it("removes, file and all, what none of the lists of a day has, and serves the rest", async () => {
  const source = await FourHours.open();
  await (await source.scene.copied()).mirror.stop();
  source.scene.almostADay(source.hours[2] ?? 0);
  source.cut(3);
  const { mirror, url } = await source.scene.copied();
  expect(await hoursOf(url)).toEqual(source.hours);
  await source.read(mirror);
  expect(await hoursOf(url)).toEqual(source.hours.slice(2));
  expect(source.scene.hourFiles).toEqual(source.hours.slice(2).map((hour) => `${hour}.hour`));
});

it("removes nothing for lists of nothing", async () => {
  const source = await FourHours.open();
  await (await source.scene.copied()).mirror.stop();
  source.scene.almostADay(source.hours[0] ?? 0);
  source.cut(4);
  const { mirror, url } = await source.scene.copied();
  for (let list = 0; list < 3; list++) await source.read(mirror);
  expect(await hoursOf(url)).toEqual(source.hours);
});
