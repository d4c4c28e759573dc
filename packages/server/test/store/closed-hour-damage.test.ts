import { existsSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { type EmbeddedStore, StoreUnavailableError } from "@glowworm/server";
import { describe, expect, it } from "vitest";
import { flip, flipFromEnd } from "../support/damage.ts";
import {
  HOUR_MS,
  NOON_HOUR,
  NOON_MS,
  packed,
  someReports,
  temporaryFolder,
} from "../support/fixtures.ts";
import { openLocalStore, SmallDisk } from "../support/local-store.ts";
import { everything } from "../support/published.ts";

const random = seededRandom("closed hour damage");
/** With the padding of its 120 segments this makes 65 pages. */
const BIG = 65 * 256 - 240;

type Damage = (path: string) => void;

/** A store with a small closed hour, one with a filter, and another small one; the middle one is damaged. */
async function damagedStore(
  damage: Damage,
): Promise<{ store: EmbeddedStore; folder: string; clock: FakeClock }> {
  const folder = temporaryFolder();
  const clock = new FakeClock(NOON_MS);
  const store = await openLocalStore(folder, new SmallDisk(), clock);
  for (let hour = 0; hour < 3; hour++) {
    await store.maintain();
    const count = hour === 1 ? BIG : 10;
    for (let at = 0; at < count; at += 8000)
      await store.put(packed(someReports(random, Math.min(8000, count - at))));
    clock.advance(HOUR_MS);
  }
  clock.advance(120_000);
  await store.maintain();
  await store.close();
  damage(join(folder, "hours", `${NOON_HOUR + 1}.hour`));
  return { store: await openLocalStore(folder, new SmallDisk(), clock), folder, clock };
}

const NAME = `${NOON_HOUR + 1}.hour.1`;
const HOUR = NOON_HOUR + 1;
const PAGE_AT = 77 + 65 * 64;

describe("a closed hour that is damaged behind its footer", () => {
  it.each<[string, Damage, (store: EmbeddedStore) => Promise<unknown>]>([
    ["manifest", (path) => flip(path, 20), (store) => store.manifest(HOUR)],
    ["first page", (path) => flip(path, PAGE_AT + 5), (store) => store.page(HOUR, 0)],
    ["last page", (path) => flip(path, PAGE_AT + 65 * 34_048 - 1), (store) => store.page(HOUR, 64)],
    ["hash of a page", (path) => flip(path, 77 + 64 + 40), (store) => store.page(HOUR, 1)],
    ["filter", (path) => flipFromEnd(path, 200), (store) => store.filter(HOUR)],
    ["hash of the filter", (path) => flip(path, 50), (store) => store.filter(HOUR)],
  ])(
    "never lets a changed %s out, sets the hour aside and serves the rest",
    async (_, damage, read) => {
      const { store, folder } = await damagedStore(damage);
      expect(store.damaged).toEqual([]);
      await expect(read(store)).rejects.toBeInstanceOf(StoreUnavailableError);
      expect(store.damaged).toEqual([join(folder, "damaged", NAME)]);
      expect(existsSync(join(folder, "damaged", NAME))).toBe(true);
      expect(await read(store)).toBeNull();
      const { hours } = await store.published();
      expect(hours.map(({ hour }) => hour)).toEqual([NOON_HOUR, NOON_HOUR + 2]);
      await everything(store);
      await store.close();
    },
  );

  it.each<[string, Damage]>([
    ["manifest", (path) => flip(path, 20)],
    ["page in the middle", (path) => flip(path, PAGE_AT + 30 * 34_048)],
    ["filter", (path) => flipFromEnd(path, 200)],
  ])("is found by reading on in the background: %s", async (_, damage) => {
    const { store, folder, clock } = await damagedStore(damage);
    for (let step = 0; step < 6; step++) {
      clock.advance(30_000);
      await store.maintain();
    }
    expect(store.damaged).toEqual([join(folder, "damaged", NAME)]);
    await store.close();
  });

  it("is never closed again under the same number", async () => {
    const folder = temporaryFolder();
    const clock = new FakeClock(NOON_MS);
    let store = await openLocalStore(folder, new SmallDisk(), clock);
    await store.maintain();
    clock.advance(HOUR_MS + 120_000);
    await store.maintain();
    await store.close();
    truncateSync(join(folder, "hours", `${NOON_HOUR}.hour`), 9000);
    clock.setWall(NOON_MS + HOUR_MS - 60_000);
    for (let start = 0; start < 2; start++) {
      store = await openLocalStore(folder, new SmallDisk(), clock);
      await store.maintain();
      expect(store.health().arrivalFloor).toBeGreaterThanOrEqual((NOON_HOUR + 1) * 120);
      await store.close();
    }
  });

  it("is checked from the first byte on, whatever is served of it: no read of a sound store is refused", async () => {
    const { store, folder } = await damagedStore(() => {});
    await everything(store);
    expect((await store.filter(HOUR))?.length).toBeGreaterThan(4 * BIG);
    expect(await store.filter(NOON_HOUR)).toBeNull();
    const size = readFileSync(join(folder, "hours", `${HOUR}.hour`)).length;
    expect(size - ((await store.filter(HOUR))?.length ?? 0)).toBe(PAGE_AT + 65 * 34_048 + 61);
    await store.close();
  });
});
