import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { firstBytes } from "../src/body.ts";

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
