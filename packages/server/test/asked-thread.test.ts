import type { Worker } from "node:worker_threads";
import { decodeFilter } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AskedThread } from "../src/asked-thread.ts";

type Question = Uint8Array | null | (() => void);

const ids = seededRandom("asked thread").bytes(16 * 100);
/** What kills the thread that builds filters: no ids. */
const DEADLY = null;

/** Threads that were begun, in their order. */
const begun: Worker[] = [];
const note = (worker: Worker): void => void begun.push(worker);
beforeEach(() => {
  begun.length = 0;
  process.on("worker", note);
});
afterEach(() => {
  process.off("worker", note);
});

function filterThread(): AskedThread<Question, Uint8Array> {
  return new AskedThread("filter-worker");
}

function isFilterOfAll(filter: Uint8Array): boolean {
  return decodeFilter(filter).has(ids, 16 * 99);
}

describe("a thread that is asked", () => {
  it("has no part in a question that cannot be sent to it", async () => {
    const thread = filterThread();
    await expect(thread.ask(() => undefined)).rejects.toThrow();
    expect(isFilterOfAll(await thread.ask(ids))).toBe(true);
    await thread.end();
    await expect(thread.ask(ids)).rejects.toThrow(/was ended/);
  });

  it("is begun with the first question, and answers all", async () => {
    const thread = filterThread();
    expect(begun).toHaveLength(0);
    const answers = await Promise.all([thread.ask(ids), thread.ask(ids.subarray(16))]);
    expect(answers.map(isFilterOfAll)).toEqual([true, true]);
    expect(begun).toHaveLength(1);
    await thread.end();
  });
});

describe("a thread that dies", () => {
  it("fails what is in flight, says which it was and why, and another answers the next question", async () => {
    const thread = filterThread();
    await thread.ask(ids);
    const lost = await Promise.allSettled([thread.ask(DEADLY), thread.ask(ids)]);
    for (const answer of lost) {
      expect(answer).toMatchObject({
        status: "rejected",
        reason: {
          message: expect.stringMatching(/^the thread filter-worker has died: .*null/),
          cause: expect.objectContaining({ name: "TypeError" }),
        },
      });
    }
    expect(isFilterOfAll(await thread.ask(ids))).toBe(true);
    expect(begun).toHaveLength(2);
    await thread.end();
  });

  it("without a word is followed by another too", async () => {
    const thread = filterThread();
    await thread.ask(ids);
    const [lost] = await Promise.allSettled([thread.ask(ids), begun[0]?.terminate()]);
    expect(lost).toMatchObject({ reason: { message: "the thread filter-worker has died" } });
    expect(isFilterOfAll(await thread.ask(ids))).toBe(true);
    await thread.end();
  });

  it("answers nobody any more, even when its last answer arrives late", async () => {
    const thread = filterThread();
    await thread.ask(ids);
    await expect(thread.ask(DEADLY)).rejects.toThrow("has died");
    const next = thread.ask(ids);
    begun[0]?.emit("message", new Uint8Array());
    expect(isFilterOfAll(await next)).toBe(true);
    await thread.end();
  });

  it("at every start is begun once for each question, and not in between", async () => {
    const thread = new AskedThread<null, null>("closing-worker");
    for (let asked = 1; asked <= 3; asked++) {
      await expect(thread.ask(null)).rejects.toThrow("the thread closing-worker has died");
      expect(begun).toHaveLength(asked);
    }
    const other = filterThread();
    await other.ask(ids);
    expect(begun).toHaveLength(4);
    await Promise.all([thread.end(), other.end()]);
  });
});
