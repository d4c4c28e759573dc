import { setImmediate as turn } from "node:timers/promises";
import { watchLoopDelay } from "@glowworm/platform";
import { FakeClock } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe("the delay of the event loop", () => {
  it("is that of the last full second, so that one long moment is not taken for overload", async () => {
    const clock = new FakeClock(0);
    const delayMs = watchLoopDelay(clock);
    for (let round = 0; round < 4; round++) {
      block(100);
      await turn();
      await turn();
    }
    expect(delayMs()).toBe(0);
    clock.advance(1000);
    const measured = delayMs();
    expect(measured).toBeGreaterThan(50);
    clock.advance(999);
    expect(delayMs()).toBe(measured);
  });

  it("is the whole time when the loop came round not even once", () => {
    const clock = new FakeClock(0);
    const delayMs = watchLoopDelay(clock);
    clock.advance(5000);
    expect(delayMs()).toBe(5000);
  });
});
