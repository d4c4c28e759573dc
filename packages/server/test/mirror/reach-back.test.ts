import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { FakeClock } from "@glowworm/protocol/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { POLL_MS, ReachBack } from "../../src/mirror/reach-back.ts";
import { NOON_MS, temporaryFolder } from "../support/fixtures.ts";

let path = "";
let clock = new FakeClock(NOON_MS);
beforeEach(() => {
  path = join(temporaryFolder(), "oldest-listed");
  clock = new FakeClock(NOON_MS);
});

/** One that remembers lists with these oldest hours. */
function after(...oldest: readonly number[]): ReachBack {
  writeFileSync(path, oldest.map((hour) => `${hour}\n`).join(""));
  return new ReachBack(path, clock);
}

/** What is known after lists with these oldest hours, one every five minutes. */
function known(reach: ReachBack, ...oldest: readonly number[]): readonly (number | null)[] {
  return oldest.map((hour) => {
    clock.advance(POLL_MS);
    return reach.note(hour);
  });
}

function times(count: number, hour: number): readonly number[] {
  return Array.from({ length: count }, () => hour);
}

describe("how far the lists of a day reach back", () => {
  it("is not known before there were 288", () => {
    expect(known(after(...times(286, 7)), 7, 7)).toEqual([null, 7]);
  });

  it("is as far as one of them did, until that is the 289th", () => {
    expect(known(after(3, ...times(286, 7)), 7, 7)).toEqual([3, 7]);
  });

  it("is as far as one did that came before five minutes were over", () => {
    const reach = after(...times(287, 7));
    reach.note(3);
    expect(reach.note(7)).toBeNull();
    const answers = known(reach, ...times(288, 7));
    expect([answers[0], answers[286], answers[287]]).toEqual([3, 3, 7]);
  });

  it("is remembered by the next one", () => {
    known(after(...times(285, 7)), 7, 3);
    expect(known(new ReachBack(path, clock), 7)).toEqual([3]);
  });

  it("counts no list that comes before five minutes are over: no number of restarts is a day", () => {
    after(...times(286, 7));
    for (let start = 0; start < 10; start++) {
      const reach = new ReachBack(path, clock);
      clock.advance(POLL_MS - 1);
      expect(reach.note(7)).toBeNull();
    }
    expect(known(new ReachBack(path, clock), 7, 7)).toEqual([null, 7]);
  });

  it("takes a clock that leaps for no day", () => {
    const reach = after(...times(286, 7));
    clock.setWall(NOON_MS + 86_400_000);
    expect([reach.note(7), ...known(reach, 7, 7)]).toEqual([null, null, 7]);
  });

  it.each([
    ["no number", "NaN\n".repeat(288)],
    ["no end", "7\n".repeat(288).slice(0, -1)],
  ])("begins anew when its file is none: %s", (_what, text) => {
    writeFileSync(path, text);
    expect(known(new ReachBack(path, clock), 7)).toEqual([null]);
  });
});
