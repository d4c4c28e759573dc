import { getEventListeners } from "node:events";
import { FakeClock } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { inTime, LateError } from "../src/in-time.ts";

/** Work that ends when its signal aborts, and not before. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = (): void => reject(signal.reason as Error);
    if (signal.aborted) end();
    signal.addEventListener("abort", end);
  });
}

describe("work in time", () => {
  it("gives what it gives, and leaves nothing behind", async () => {
    const { signal } = new AbortController();
    const clock = new FakeClock(0);
    expect(await inTime({ clock, ms: 10, signal }, () => Promise.resolve(7))).toBe(7);
    expect(getEventListeners(signal, "abort")).toEqual([]);
    const refused = inTime({ clock, ms: 10, signal }, () => Promise.reject(new Error("no")));
    await expect(refused).rejects.toThrow("no");
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("is late once its time is over, and says what it was ended with", async () => {
    const clock = new FakeClock(0);
    const work = inTime({ clock, ms: 10 }, untilAborted);
    const late = expect(work).rejects.toSatisfy(
      (error) => error instanceof LateError && (error.cause as Error).name === "AbortError",
    );
    clock.advance(10);
    await late;
  });

  it.each(["before", "meanwhile"])(
    "ends when the caller's signal aborts %s, and is not late",
    async (when) => {
      const stop = new AbortController();
      if (when === "before") stop.abort();
      const work = inTime({ clock: new FakeClock(0), ms: 10, signal: stop.signal }, untilAborted);
      stop.abort();
      await expect(work).rejects.toMatchObject({ name: "AbortError" });
    },
  );
});
