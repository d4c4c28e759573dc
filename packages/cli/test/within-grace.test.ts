import { setImmediate as turn } from "node:timers/promises";
import { FakeClock } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { withinGrace } from "../src/within-grace.ts";

const GRACE = { clock: new FakeClock(0), graceMs: 9500 };

/** Work that ends when it is told to. */
function work(): { readonly promise: Promise<void>; readonly end: (error?: Error) => void } {
  let end: (error?: Error) => void = () => undefined;
  const promise = new Promise<void>((resolve, reject) => {
    end = (error) => (error === undefined ? resolve() : reject(error));
  });
  return { promise, end };
}

describe("the end of work that a signal ends", () => {
  it("is its own when it comes before the grace is over", async () => {
    const clock = new FakeClock(0);
    const [stop, { promise, end }] = [new AbortController(), work()];
    const waiting = withinGrace(promise, stop.signal, { ...GRACE, clock });
    stop.abort();
    clock.advance(9499);
    end();
    expect(await waiting).toBe(true);
  });

  it("is not waited for any longer than the grace, from the signal on", async () => {
    const clock = new FakeClock(0);
    const [stop, { promise, end }] = [new AbortController(), work()];
    const waiting = withinGrace(promise, stop.signal, { ...GRACE, clock });
    clock.advance(100_000);
    stop.abort();
    await turn();
    clock.advance(9500);
    expect(await waiting).toBe(false);
    end(new Error("too late for anybody"));
  });

  it("says what went wrong until then", async () => {
    const { promise, end } = work();
    const waiting = withinGrace(promise, new AbortController().signal, GRACE);
    end(new Error("broken"));
    await expect(waiting).rejects.toThrow("broken");
  });
});
