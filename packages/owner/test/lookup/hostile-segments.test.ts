import { PATHS } from "@glowworm/protocol";
import { describe, expect, it } from "vitest";
import type { LookupSummary } from "../../src/lookup/lookup.ts";
import { bytes } from "../support/fake-server.ts";
import { CHUNK, Hose } from "../support/hose.ts";
import { Reader } from "../support/lookup.ts";

const MAX = 64 * 2 ** 20;
/** A chunk of each answer that is under way has come and is not counted yet. */
const IN_HAND = 6 * CHUNK;

/** A server of one hour whose open segments, from `first` to 39, are as `answer` says. */
function readerOf(first: number, answer: (segment: number) => Response): Reader {
  const reader = new Reader();
  const { server } = reader;
  for (let segment = first; segment < 40; segment++) {
    server.lies.set(PATHS.segment(segment), () => answer(segment));
  }
  const open = { first, last: 39 };
  server.lies.set(PATHS.hours, () => Response.json({ ...server.list, open }));
  return reader;
}

function countOf({ problems }: LookupSummary, code: string): number {
  return problems.filter((problem) => problem.code === code).length;
}

describe("open segments of a hostile server", () => {
  it("take 64 MiB, whether they could be used or not", async () => {
    const body = new Uint8Array(2 ** 24);
    const reader = readerOf(0, () => bytes(body));
    const summary = await reader.refresh();
    expect(countOf(summary, "malformed")).toBe(4);
    expect(countOf(summary, "too-large")).toBe(36);
    expect(summary.closedHours).toBe(3);
  }, 20_000);

  it("that never end are 64 MiB in memory at once, all together, and the rest is not asked for", async () => {
    const hose = new Hose();
    const reader = readerOf(0, () => hose.body(Number.POSITIVE_INFINITY, () => undefined));
    const summary = await reader.refresh();
    expect(hose.peak).toBeLessThanOrEqual(MAX + IN_HAND);
    expect(countOf(summary, "too-large")).toBe(40);
    expect(reader.asked().filter((path) => path.startsWith("/v1/open/"))).toHaveLength(6);
    expect(summary.closedHours).toBe(3);
  }, 20_000);

  it("that break off count as far as they came", async () => {
    const hose = new Hose();
    // Some are sound, or the server would count as gone.
    const reader = readerOf(0, (segment) =>
      segment % 4 === 0
        ? hose.body(2 ** 24, (controller) => controller.error(new Error("reset")))
        : bytes(new Uint8Array(266)),
    );
    const summary = await reader.refresh();
    expect(hose.peak).toBeLessThanOrEqual(MAX + IN_HAND);
    expect(hose.given).toBeLessThanOrEqual(MAX + IN_HAND);
    expect(countOf(summary, "unreachable")).toBeGreaterThan(0);
    expect(countOf(summary, "too-large")).toBeGreaterThan(0);
  }, 20_000);

  it("that have no room make room for those that are under way", async () => {
    const hose = new Hose();
    const own = new Reader().server;
    own.open(0, 0, []);
    let letGo = (): void => undefined;
    const isRefused = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const late = (): Response => {
      const pull = async (controller: ReadableStreamDefaultController): Promise<void> => {
        await isRefused;
        controller.enqueue(own.body(PATHS.segment(0)));
        controller.close();
      };
      return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }));
    };
    const endless = (): Response => {
      const { body } = hose.body(Number.POSITIVE_INFINITY, () => undefined);
      const source = body?.getReader();
      const pull = async (controller: ReadableStreamDefaultController): Promise<void> =>
        controller.enqueue((await source?.read())?.value);
      return new Response(new ReadableStream({ pull, cancel: letGo }, { highWaterMark: 0 }));
    };
    const reader = readerOf(38, (segment) => (segment === 39 ? endless() : late()));
    const summary = await reader.refresh();
    expect(summary.segments).toBe(1);
    expect(countOf(summary, "too-large")).toBe(1);
  }, 20_000);
});
