import { describe, expect, it } from "vitest";
import { type RelayStatus, StatusTalk, zeroTallies } from "../src/status.ts";

const QUIET: RelayStatus = {
  ...zeroTallies(),
  condition: "reporting",
  server: "untried",
  uploaded: 0,
  refused: 0,
  waiting: 0,
  droppedFull: 0,
  droppedExpired: 0,
  remembered: 0,
};

/** How many lines are said at each of a row of statuses, a second apart. */
function linesSaid(statuses: readonly Partial<RelayStatus>[]): readonly number[] {
  const talk = new StatusTalk(0);
  return statuses.map(
    (change, second) => talk.lines({ ...QUIET, ...change }, "a test", second * 1000).length,
  );
}

describe("what a relay says", () => {
  it("is a line at the start and at each change of condition, not in between", () => {
    const none = { condition: "no-position" } as const;
    const late = { condition: "clock-unsynchronised" } as const;
    expect(linesSaid([none, none, {}, {}, late, none, none])).toEqual([1, 0, 1, 0, 1, 1, 0]);
  });

  it("is a line at each change of the server", () => {
    const up = { server: "accepting" } as const;
    const down = { server: "unreachable" } as const;
    expect(linesSaid([{}, up, up, down, down, up])).toEqual([1, 1, 0, 1, 0, 1]);
  });

  it("is one summary a minute at most, and none while nothing happens", () => {
    const said = linesSaid(Array.from({ length: 600 }, (_, second) => ({ sealed: second })));
    expect(said.filter((count) => count > 0).length).toBe(1 + 9);
    expect(linesSaid(Array.from({ length: 600 }, () => ({ sealed: 5 }))).at(-1)).toBe(0);
  });

  it("names what went wrong, and where the position should come from", () => {
    const talk = new StatusTalk(0);
    const lines = talk.lines({ ...QUIET, condition: "no-position" }, "gpsd: connecting", 0);
    expect(lines.join()).toContain("gpsd: connecting");
    const troubles = { droppedFull: 11, droppedExpired: 12, refused: 13, weakKeys: 14 };
    const summary = talk.lines({ ...QUIET, ...troubles }, "", 60_000).join();
    for (const count of Object.values(troubles)) expect(summary).toContain(String(count));
  });
});
