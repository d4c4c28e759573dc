import { FakeClock } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import {
  cacheFolder,
  configFolder,
  EXIT,
  runSteps,
  stateFolder,
  systemClock,
  systemRandom,
} from "../src/index.ts";

describe("folders", () => {
  it("are systemd's where it names one, the first of several", () => {
    expect(stateFolder({ STATE_DIRECTORY: "/var/lib/glowworm:/var/lib/other" })).toBe(
      "/var/lib/glowworm",
    );
  });

  it("are XDG's, and its defaults when a variable is missing or empty", () => {
    expect(stateFolder({ XDG_STATE_HOME: "/s" })).toBe("/s/glowworm");
    expect(configFolder({ XDG_CONFIG_HOME: "/c" })).toBe("/c/glowworm");
    expect(cacheFolder({ XDG_CACHE_HOME: "/k" })).toBe("/k/glowworm");
    expect(stateFolder({ STATE_DIRECTORY: "", XDG_STATE_HOME: "" })).toMatch(
      /\/\.local\/state\/glowworm$/,
    );
    expect(configFolder({})).toMatch(/\/\.config\/glowworm$/);
    expect(cacheFolder({})).toMatch(/\/\.cache\/glowworm$/);
  });
});

describe("runSteps", () => {
  it("steps, waits as long as each step says, and ends with the signal", async () => {
    const clock = new FakeClock(0);
    const stop = new AbortController();
    const steppedAt: number[] = [];
    const stepper = {
      step: () => {
        steppedAt.push(clock.monotonicMs());
        queueMicrotask(() => queueMicrotask(() => clock.advance(steppedAt.length * 10)));
        if (steppedAt.length === 4) stop.abort();
        return Promise.resolve(steppedAt.length * 10);
      },
    };
    await runSteps(stepper, clock, stop.signal);
    expect(steppedAt).toEqual([0, 10, 30, 60]);
  });

  it("ends with the error of a step", async () => {
    const stepper = { step: () => Promise.reject(new Error("radio lost")) };
    const never = new AbortController().signal;
    await expect(runSteps(stepper, new FakeClock(0), never)).rejects.toThrow("radio lost");
  });
});

describe("system clock", () => {
  it("ends a sleep at once when the signal aborts, before or during it", async () => {
    const stop = new AbortController();
    const sleeping = systemClock.sleep(3_600_000, stop.signal);
    stop.abort();
    await expect(sleeping).resolves.toBeUndefined();
    await expect(systemClock.sleep(3_600_000, stop.signal)).resolves.toBeUndefined();
  });
});

describe("system randomness", () => {
  it("never hands out the same bytes twice, over the edge of the pool and beyond its size", () => {
    const drawn = [4000, 200, 32, 32, 10_000].map((length) => systemRandom.bytes(length));
    expect(drawn.map((bytes) => bytes.length)).toEqual([4000, 200, 32, 32, 10_000]);
    const heads = drawn.map((bytes) => Buffer.from(bytes.subarray(0, 32)).toString("hex"));
    expect(new Set(heads).size).toBe(drawn.length);
  });

  it("gives bytes that later draws do not change", () => {
    const first = systemRandom.bytes(32);
    const copy = first.slice();
    for (let draw = 0; draw < 500; draw++) systemRandom.bytes(32);
    expect(first).toEqual(copy);
  });
});

it("gives every exit a code of its own", () => {
  expect(new Set(Object.values(EXIT)).size).toBe(Object.keys(EXIT).length);
});
