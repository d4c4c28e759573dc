import { DAY_SECONDS, EPOCH_SECONDS, type UnixSeconds } from "@glowworm/protocol";
import { describe, expect, it } from "vitest";
import type { Calendar } from "../src/airing.ts";
import { type GuardInput, type GuardState, newGuard, stepGuard } from "../src/clock-guard.ts";
import { indexOf } from "./support/laptop.ts";

const HOUR = 3600;
const FIRST_DAY = 20_000;
const DAYS = 1000;
/** Noon of the eleventh day of the cards. */
const NOW: UnixSeconds = (FIRST_DAY + 10) * DAY_SECONDS + 12 * HOUR;

/** Cards of which everything before an index is erased. */
function calendarFrom(index: number): Calendar {
  const first = FIRST_DAY * 288;
  const end = first + DAYS * 288;
  return {
    first,
    end,
    nextUnerased: (wanted) => {
      const from = Math.max(wanted, index);
      if (from < end) return from;
      return index < end ? index : null;
    },
  };
}

const WHOLE = calendarFrom(FIRST_DAY * 288);

function known(floor: UnixSeconds): GuardState {
  return { ...newGuard(floor), bootMark: "a", bootSeconds: 1000, isSettled: true };
}

function glance(wall: UnixSeconds, isSynchronised: boolean, elapsed = 0): GuardInput {
  return { wall, isSynchronised, bootMark: "a", bootSeconds: 1000 + elapsed };
}

describe("the epoch on the air", () => {
  const YEAR = 365 * DAY_SECONDS;
  it.each([
    ["trusted, as expected", true, NOW + 60, "wall", NOW + 60],
    ["trusted, a year ahead", true, NOW + YEAR, "wall", NOW + YEAR],
    ["trusted, three hours back", true, NOW - 3 * HOUR, "wall", NOW - 3 * HOUR],
    ["trusted, 1970", true, 100, "floor", NOW],
    ["trusted, past the last card", true, NOW + 3 * YEAR, "floor", NOW],
    ["untrusted, at the floor", false, NOW, "wall", NOW],
    ["untrusted, an hour ahead", false, NOW + HOUR, "wall", NOW + HOUR],
    [
      "untrusted, just within 400 days",
      false,
      NOW + 400 * DAY_SECONDS,
      "wall",
      NOW + 400 * DAY_SECONDS,
    ],
    ["untrusted, just over 400 days", false, NOW + 400 * DAY_SECONDS + 1, "floor", NOW],
    ["untrusted, a second back", false, NOW - 1, "floor", NOW],
    ["untrusted, 14 hours back", false, NOW - 14 * HOUR, "floor", NOW],
    ["untrusted, 1970", false, 100, "floor", NOW],
    ["untrusted, 2099", false, 4_080_000_000, "floor", NOW],
  ] as const)("%s", (_, isSynchronised, wall, follows, at) => {
    const { airing } = stepGuard(known(NOW), glance(wall, isSynchronised), WHOLE);
    expect(airing).toMatchObject({ follows, index: indexOf(at), seconds: at % EPOCH_SECONDS });
  });
});

describe("the floor", () => {
  it.each([
    ["takes over a trusted clock a day ahead", true, NOW + DAY_SECONDS, NOW + DAY_SECONDS],
    ["takes over a trusted clock a day back", true, NOW - DAY_SECONDS, NOW - DAY_SECONDS],
    ["waits for proof of more than a day", true, NOW + DAY_SECONDS + 1, NOW],
    ["waits for proof of more than a day back", true, NOW - DAY_SECONDS - 1, NOW],
    ["stays when the clock is not trusted", false, NOW + HOUR, NOW],
  ] as const)("%s", (_, isSynchronised, wall, floor) => {
    expect(stepGuard(known(NOW), glance(wall, isSynchronised), WHOLE).floor).toBe(floor);
  });

  it.each([
    ["goes with boot time", "a", 1000 + 500, 500],
    ["counts one jump of boot time for a day at most", "a", 1000 + 9 * DAY_SECONDS, DAY_SECONDS],
    ["never goes back with boot time", "a", 10, 0],
    ["gains nothing from a new boot", "b", 5000, 0],
  ])("%s", (_, bootMark, bootSeconds, gained) => {
    const input = { wall: 0, isSynchronised: false, bootMark, bootSeconds };
    expect(stepGuard(known(NOW), input, WHOLE).floor).toBe(NOW + gained);
  });

  it("takes over a far clock after 24 hours trusted and steady, and not before", () => {
    const { floors } = keepAt(NOW + 30 * DAY_SECONDS, 25 * HOUR, true);
    const hours =
      floors.findIndex((floor) => floor > NOW + 2 * DAY_SECONDS) / (HOUR / EPOCH_SECONDS);
    expect(hours).toBeGreaterThanOrEqual(24);
    expect(hours).toBeLessThan(24.2);
  });

  it("never takes over a far clock that is not trusted", () => {
    const { floors } = keepAt(NOW + 30 * DAY_SECONDS, 30 * HOUR, false);
    expect(Math.max(...floors)).toBeLessThanOrEqual(NOW + 31 * HOUR);
  });

  it("does not count sleep as proof", () => {
    let state = known(NOW);
    for (const hours of [0, 12, 24, 36]) {
      const far = NOW + 30 * DAY_SECONDS + hours * HOUR;
      state = stepGuard(state, glance(far, true, hours * HOUR), WHOLE);
    }
    expect(state.floor).toBeLessThan(NOW + 3 * DAY_SECONDS);
  });

  it("is not walked away by a time server that jumps less than a day again and again", () => {
    let state = known(NOW);
    for (let jump = 1; jump <= 50; jump++) {
      state = stepGuard(state, glance(NOW + jump * 23 * HOUR, true, jump * 64), WHOLE);
    }
    expect(state.floor).toBeLessThanOrEqual(NOW + DAY_SECONDS + HOUR);
  });

  it("starts the proof anew when a far clock jumps", () => {
    let state = known(NOW);
    for (let elapsed = 0; elapsed <= 30 * HOUR; elapsed += EPOCH_SECONDS) {
      const days = elapsed < 20 * HOUR ? 30 : 60;
      const wall = NOW + days * DAY_SECONDS + elapsed;
      state = stepGuard(state, glance(wall, true, elapsed), WHOLE);
    }
    expect(state.floor).toBeLessThan(NOW + 3 * DAY_SECONDS);
  });

  it("is at the clock at once after each of many nights off", () => {
    let state = known(NOW);
    for (let night = 1; night <= 5; night++) {
      const wall = NOW + night * 16 * HOUR;
      const input = { wall, isSynchronised: true, bootMark: `night ${night}`, bootSeconds: 20 };
      state = stepGuard(state, input, WHOLE);
      expect(state.floor).toBe(wall);
    }
  });

  it("follows a laptop that is off every night, and catches up after a week away", () => {
    let state = known(NOW);
    let wall = NOW;
    for (const [boot, offHours] of [16, 16, 7 * 24, 16, 16, 16].entries()) {
      wall += offHours * HOUR;
      for (let awake = 0; awake < 8 * HOUR; awake += EPOCH_SECONDS) {
        const input = { wall, isSynchronised: true, bootMark: `night ${boot}`, bootSeconds: awake };
        state = stepGuard(state, input, WHOLE);
        wall += EPOCH_SECONDS;
      }
    }
    expect(wall - state.floor).toBeLessThanOrEqual(EPOCH_SECONDS);
  });

  it("ends with the last card", () => {
    const end = WHOLE.end * EPOCH_SECONDS;
    const { floor } = stepGuard(known(end - 60), glance(0, false, 3600), WHOLE);
    expect(floor).toBe(end);
  });
});

describe("a detour", () => {
  const erasedTo = indexOf(NOW);
  const calendar = calendarFrom(erasedTo);
  const back = NOW - 5 * HOUR;

  it("airs the first epoch that is left, then one each 300 seconds of boot time", () => {
    const seen = detourAt([0, 100, 200, 300, 599, 600, 4 * HOUR], calendar);
    expect(seen).toEqual([0, 0, 0, 1, 1, 2, 48]);
  });

  it("does not hold the epoch on the air for longer when the clock goes back within it", () => {
    const airing = { index: erasedTo, base: erasedTo, follows: "wall", seconds: 250 } as const;
    const state = stepGuard({ ...known(NOW + 250), airing }, glance(back, true, 60), calendar);
    expect(state.airing).toMatchObject({ index: erasedTo + 1, seconds: 10 });
  });

  it("ends when the clock reaches epochs that are left", () => {
    let state = stepGuard(known(NOW), glance(back, true), calendar);
    state = stepGuard(state, glance(NOW, true, 5 * HOUR), calendar);
    expect(state.airing).toMatchObject({ follows: "wall", index: erasedTo });
  });

  it("goes on after a restart where it stood", () => {
    const airing = { index: erasedTo + 7, base: erasedTo, follows: "detour", seconds: 0 } as const;
    const state = stepGuard({ ...known(back), airing }, glance(back, true), calendar);
    expect(state.airing?.index).toBe(erasedTo + 7);
  });

  it("starts anew when the clock goes back from another stretch", () => {
    const far = erasedTo + 9000;
    const airing = { index: far, base: far, follows: "detour", seconds: 0 } as const;
    const state = stepGuard({ ...known(back), airing }, glance(back, true), calendar);
    expect(state.airing?.index).toBe(erasedTo);
  });

  it("goes around to days left over when the cards have ended, and ends when none is left", () => {
    const left = { ...WHOLE, nextUnerased: () => WHOLE.first + 5 };
    const after = known(WHOLE.end * EPOCH_SECONDS);
    const state = stepGuard(after, glance(0, false), left);
    expect(state.airing).toMatchObject({ follows: "detour", index: WHOLE.first + 5 });
    expect(stepGuard(state, glance(0, false, 300), left).airing).toBeNull();
    const none = { ...WHOLE, nextUnerased: () => null };
    expect(stepGuard(after, glance(0, false), none).airing).toBeNull();
  });

  /** Steps into the detour at each of some seconds. */
  function detourAt(seconds: readonly number[], cards: Calendar): number[] {
    let state = known(NOW);
    return seconds.map((elapsed) => {
      state = stepGuard(state, glance(back + (elapsed % 10), true, elapsed), cards);
      return (state.airing?.index ?? 0) - erasedTo;
    });
  }
});

/** The floor every epoch while the wall clock runs from `wall` on. */
function keepAt(
  wall: UnixSeconds,
  seconds: number,
  isSynchronised: boolean,
): { readonly floors: readonly UnixSeconds[] } {
  let state = known(NOW);
  const floors: number[] = [];
  for (let elapsed = 0; elapsed <= seconds; elapsed += EPOCH_SECONDS) {
    state = stepGuard(state, glance(wall + elapsed, isSynchronised, elapsed), WHOLE);
    floors.push(state.floor);
  }
  return { floors };
}
