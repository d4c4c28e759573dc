import { DAY_SECONDS, loadCrypto } from "@glowworm/protocol";
import fc from "fast-check";
import { it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import { World } from "./support/world.ts";

const HOUR = 3600;
const RUNS = 60;

const crypto = await loadCrypto();

type Action = (world: World) => Promise<void>;

const YEAR = 365.25 * DAY_SECONDS;
const anyAction: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.integer({ min: 2, max: 90 }).map(
      (minutes): Action =>
        (world) =>
          world.run(minutes),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Action>((world) => world.run(26 * 60)) },
  { weight: 4, arbitrary: fc.constant<Action>((world) => world.changesKey()) },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 1, max: 72 }).map(
      (hours): Action =>
        (world) =>
          world.suspend(hours),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 0, max: 72 }).map(
      (hours): Action =>
        (world) =>
          world.reboot(hours, null),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0, 4_080_000_000).map(
      (wall): Action =>
        (world) =>
          world.reboot(1, wall),
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.integer({ min: 1, max: 12 }), fc.double({ min: 0, max: 1, noNaN: true }))
      .map(
        ([nth, share]): Action =>
          (world) =>
            world.crash(nth, share),
      ),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          -14 * HOUR,
          -HOUR,
          -400,
          400,
          HOUR,
          14 * HOUR,
          -1.3 * YEAR,
          30 * DAY_SECONDS,
          1.1 * YEAR,
          2 * YEAR,
        ),
        fc.boolean(),
      )
      .map(
        ([jump, isTrusted]): Action =>
          (world) =>
            world.setWall(world.wall + jump, isTrusted),
      ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(100, 4_080_000_000).map(
      (wall): Action =>
        (world) =>
          world.setWall(wall, false),
    ),
  },
  { weight: 2, arbitrary: fc.constant<Action>((world) => world.setWall(world.truth, true)) },
);

it("keeps every promise through sleep, boots, power cuts and clocks that lie", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyAction, { minLength: 5, maxLength: 25 }), async (actions) => {
      const world = new World(crypto);
      for (const act of actions) await act(world);
    }),
    effort(RUNS, 3),
  );
});
