import { getEventListeners } from "node:events";
import { FakeClock } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { firstBytes, inTime, LateError } from "../src/bounds.ts";

/** Work that ends when its signal aborts, and not before. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = (): void => reject(signal.reason as Error);
    if (signal.aborted) end();
    signal.addEventListener("abort", end);
  });
}

/** An answer of these parts that then goes on for ever, and takes no notice of any signal. */
function endless(...parts: readonly string[]): { response: Response; isLeft: () => boolean } {
  let isLeft = false;
  const left = [...parts];
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const part = left.shift();
      if (part === undefined) return new Promise(() => {});
      controller.enqueue(new TextEncoder().encode(part));
      return;
    },
    cancel: () => {
      isLeft = true;
    },
  });
  return { response: new Response(body), isLeft: () => isLeft };
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

describe("the first bytes of an answer", () => {
  const { signal } = new AbortController();
  const text = async (response: Response, limit: number): Promise<string> =>
    new TextDecoder().decode(await firstBytes(response, limit, signal));

  it("are all of a short one, and none of one without a body", async () => {
    expect(await text(new Response("12345"), 5)).toBe("12345");
    expect(await text(new Response("12345"), 100)).toBe("12345");
    expect(await text(new Response(null), 100)).toBe("");
  });

  it("are as many as may be of a long one, whose rest is left", async () => {
    const { response, isLeft } = endless("123", "456", "789");
    expect(await text(response, 4)).toBe("1234");
    expect(isLeft()).toBe(true);
  });

  it("are waited for until the signal aborts, whatever the stream does", async () => {
    const stop = new AbortController();
    const { response, isLeft } = endless("123");
    const bytes = firstBytes(response, 4, stop.signal);
    stop.abort(new Error("enough"));
    await expect(bytes).rejects.toThrow("enough");
    expect(isLeft()).toBe(true);
    expect(getEventListeners(stop.signal, "abort")).toEqual([]);
  });
});
