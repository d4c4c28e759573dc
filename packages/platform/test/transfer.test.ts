import { FakeClock } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { ByteBudget } from "../src/byte-budget.ts";
import { type Fetch, Transfer } from "../src/transfer.ts";

const NOON = 1_795_176_000;

function transferOver(
  fetch: Fetch,
  clock = new FakeClock(NOON * 1000),
  stop = new AbortController(),
): Transfer {
  return new Transfer({ fetch, clock, serverUrl: "https://glow.test/net", signal: stop.signal });
}

function answering(response: () => Response): Fetch {
  return () => Promise.resolve(response());
}

describe("transfer", () => {
  it("sends the same headers for everybody, follows nothing and sends no credentials", async () => {
    const calls: unknown[] = [];
    const transfer = transferOver((url, { signal: _signal, ...init }) => {
      calls.push([url, init]);
      return Promise.resolve(new Response("x"));
    });
    await transfer.get("/v1/hours", 1);
    const headers = {
      accept: "*/*",
      "accept-encoding": "identity",
      "accept-language": "*",
      "user-agent": "glowworm",
    };
    const init = { headers, redirect: "manual", credentials: "omit" };
    expect(calls).toEqual([["https://glow.test/net/v1/hours", init]]);
  });

  it("takes a body of exactly the limit and refuses one byte more", async () => {
    const transfer = transferOver(answering(() => new Response("12345")));
    expect(await transfer.get("/x", 5)).toEqual(new TextEncoder().encode("12345"));
    await expect(transfer.get("/x", 4)).rejects.toMatchObject({ code: "too-large" });
  });

  it("stops reading an endless body at the limit", async () => {
    let chunks = 0;
    const endless = new ReadableStream({
      pull: (controller) => {
        chunks += 1;
        controller.enqueue(new Uint8Array(1000));
      },
    });
    const transfer = transferOver(answering(() => new Response(endless)));
    await expect(transfer.get("/x", 5000)).rejects.toMatchObject({ code: "too-large" });
    expect(chunks).toBeLessThan(10);
  });

  it("keeps no chunk: a server that sends one byte at a time fills no memory with them", async () => {
    const chunk = new Uint8Array(1);
    let sent = 0;
    const pull = (controller: ReadableStreamDefaultController): void => {
      chunk[0] = sent % 251;
      controller.enqueue(chunk);
      sent += 1;
      if (sent === 150_000) controller.close();
    };
    const stream = new ReadableStream({ pull }, { highWaterMark: 0 });
    const body = await transferOver(answering(() => new Response(stream))).get("/x", 150_000);
    const expected = Uint8Array.from({ length: 150_000 }, (_, at) => at % 251);
    expect(Buffer.compare(body, expected)).toBe(0);
  });

  it("shares a budget among requests; only what had no room gives it back", async () => {
    const budget = new ByteBudget(5);
    const get = (length: number, isBroken = false): Promise<Uint8Array> => {
      let sent = 0;
      const pull = (controller: ReadableStreamDefaultController): void => {
        if (sent++ < length) controller.enqueue(new Uint8Array(1));
        else if (isBroken) controller.error(new Error("reset"));
        else controller.close();
      };
      const body = new ReadableStream({ pull }, { highWaterMark: 0 });
      return transferOver(answering(() => new Response(body))).getWithin("/x", budget);
    };
    await expect(get(2, true)).rejects.toMatchObject({ code: "unreachable" });
    await expect(get(4)).rejects.toMatchObject({ code: "too-large" });
    expect(await get(3)).toHaveLength(3);
    await expect(get(1)).rejects.toMatchObject({ code: "too-large" });
  });

  it.each([
    [301, "redirect"],
    [307, "redirect"],
    [404, "status"],
    [410, "status"],
    [204, "status"],
    [500, "status"],
  ])("takes status %i for %s", async (status, code) => {
    const transfer = transferOver(answering(() => new Response(null, { status })));
    await expect(transfer.get("/x", 10)).rejects.toMatchObject({ code, status });
  });

  it("gives up on a server that does not answer, and on one that stops in the middle", async () => {
    const clock = new FakeClock(NOON * 1000);
    const never: Fetch = (_url, { signal }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => reject(new Error("aborted")));
      });
    const stalled = (): Response =>
      new Response(new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(3)) }));
    for (const fetch of [never, answering(stalled)]) {
      const answer = transferOver(fetch, clock).get("/x", 10);
      const refused = expect(answer).rejects.toMatchObject({ code: "timeout" });
      await Promise.resolve();
      clock.advance(30_000);
      await refused;
    }
  });

  it("asks a server that is gone three times in a row and then no more", async () => {
    let asked = 0;
    const transfer = transferOver(() => {
      asked += 1;
      return Promise.reject(new TypeError("fetch failed"));
    });
    for (let turn = 0; turn < 10; turn++) {
      await expect(transfer.get("/x", 10)).rejects.toMatchObject({ code: "unreachable" });
    }
    expect(asked).toBe(3);
  });

  it("goes on asking a server that refuses: it is there", async () => {
    let asked = 0;
    const transfer = transferOver(() => {
      asked += 1;
      return Promise.resolve(new Response(null, { status: 503 }));
    });
    for (let turn = 0; turn < 10; turn++) {
      await expect(transfer.get("/x", 10)).rejects.toMatchObject({ code: "status" });
    }
    expect(asked).toBe(10);
  });

  it("asks nothing after an abort", async () => {
    const stop = new AbortController();
    stop.abort();
    let asked = 0;
    const fetch: Fetch = () => {
      asked += 1;
      return Promise.resolve(new Response("x"));
    };
    const answer = transferOver(fetch, undefined, stop).get("/x", 10);
    await expect(answer).rejects.toMatchObject({ code: "interrupted" });
    expect(asked).toBe(0);
  });

  it("ends at an abort, whatever the answer is doing", async () => {
    const stop = new AbortController();
    const dripping = (): Response =>
      new Response(new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(3)) }));
    const answer = transferOver(answering(dripping), undefined, stop).get("/x", 10);
    setImmediate(() => stop.abort());
    await expect(answer).rejects.toMatchObject({ code: "interrupted" });
  });
});
