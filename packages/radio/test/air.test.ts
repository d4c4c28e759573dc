import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { expect, it } from "vitest";
import { type Advert, Air, STREET } from "../src/index.ts";

const NOW_MS = 1_780_000_000_000;
const HERE = { x: 0, y: 0 };

async function hearAt(metres: number, count: number): Promise<readonly Advert[]> {
  const air = new Air(new FakeClock(NOW_MS), seededRandom(1), STREET);
  const heard: Advert[] = [];
  await air.scanner(() => ({ x: metres, y: 0 })).start((advert) => heard.push(advert));
  const advertiser = air.advertiser(() => HERE);
  await advertiser.set(Uint8Array.of(1), Uint8Array.of(1, 2, 3, 4, 5, 6));
  for (let n = 1; n < count; n++) await advertiser.set(Uint8Array.of(1));
  return heard;
}

it("carries most advertisements a few metres and none over a kilometre", async () => {
  expect((await hearAt(5, 1000)).length / 1000).toBeCloseTo(1 - STREET.lossShare, 1);
  expect(await hearAt(1000, 1000)).toHaveLength(0);
});

it("weakens with distance", async () => {
  const mean = (adverts: readonly Advert[]): number =>
    adverts.reduce((sum, advert) => sum + (advert.rssiDbm ?? 0), 0) / adverts.length;
  expect(mean(await hearAt(2, 500))).toBeGreaterThan(mean(await hearAt(20, 500)) + 15);
});

it("keeps the address until a new one is set, and hands out copies", async () => {
  const heard = await hearAt(1, 50);
  const [first, second] = heard;
  expect(first?.address).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6));
  first?.data.fill(9);
  first?.address?.fill(9);
  expect(second?.address).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6));
  expect(second?.data).toEqual(Uint8Array.of(1));
  expect(second?.atMs).toBe(NOW_MS);
});

it("repeats a run exactly for one seed", async () => {
  expect(await hearAt(30, 300)).toEqual(await hearAt(30, 300));
});

it("is silent for a scanner that stopped", async () => {
  const air = new Air(new FakeClock(NOW_MS), seededRandom(1), STREET);
  const heard: Advert[] = [];
  const scanner = air.scanner(() => HERE);
  await scanner.start((advert) => heard.push(advert));
  await scanner.stop();
  for (let n = 0; n < 50; n++) await air.advertiser(() => HERE).set(Uint8Array.of(1));
  expect(heard).toHaveLength(0);
});
