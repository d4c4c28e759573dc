import { rmSync } from "node:fs";
import { join } from "node:path";
import { type HoursList, PATHS } from "@glowworm/protocol";
import { describe, expect, it } from "vitest";
import type { LookupProblem } from "../../src/lookup/problems.ts";
import { problem, SERVER_URL } from "../support/fake-server.ts";
import { NOON } from "../support/reports.ts";
import { Scene } from "../support/search.ts";

const HOUR = NOON / 3600;
const WINDOW = { first: HOUR - 60 * 24, last: HOUR + 24 };

function listOf(hours: readonly number[], pages: number): HoursList {
  const manifest = "00".repeat(32);
  return { v: 1, hours: hours.map((hour) => ({ hour, pages, manifest })), open: null };
}

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Hours whose manifest was asked for. */
function askedHours({ server }: Scene): readonly number[] {
  return server.requests.flatMap((line) => {
    const path = line.split(" ")[1]?.slice(SERVER_URL.length) ?? "";
    const hour = /^\/v1\/hours\/(\d+)\/manifest$/.exec(path)?.[1];
    return hour === undefined ? [] : [Number(hour)];
  });
}

describe("a list of tens of thousands of hours", () => {
  it.each([1, 65])(
    "of %s pages is read as far as the lookup's window goes",
    async (pages) => {
      const scene = new Scene("long list", NOON);
      const list = listOf(range(HOUR - 20_000, HOUR + 15_000), pages);
      scene.server.lies.set(PATHS.hours, () => Response.json(list));
      for (const hour of range(WINDOW.first, WINDOW.last)) {
        scene.server.lies.set(PATHS.manifest(hour), () => problem(404));
      }
      const { lookup } = await scene.find();
      const asked = askedHours(scene);
      expect(Math.min(...asked)).toBe(WINDOW.first);
      expect(Math.max(...asked)).toBe(WINDOW.last);
      expect(asked).toHaveLength(WINDOW.last - WINDOW.first + 1);
      expect(lookup.olderHours).toBe(20_000 - 60 * 24);
      expect(lookup.problems.filter(({ code }) => code === "out-of-window")).toEqual([
        {
          what: `hour ${WINDOW.last + 1} and later`,
          code: "out-of-window",
          detail: "14976 hours of the future: wrong, or this computer's clock is",
        },
      ]);
    },
    30_000,
  );

  it("of the far future is asked for nothing", async () => {
    const scene = new Scene("far future", NOON);
    const list = listOf(range(4_000_000_000, 4_000_010_000), 65_536);
    scene.server.lies.set(PATHS.hours, () => Response.json(list));
    const { lookup } = await scene.find();
    expect(scene.server.requests).toHaveLength(1);
    expect(lookup.problems).toMatchObject([{ code: "out-of-window" }]);
  });
});

describe("between two hours", () => {
  const HOURS = 60;

  /** Interrupts at the first sign of a stage, as Ctrl-C does; how many hours the stage had gone on for when that was heard. */
  async function interruptedAt(
    scene: Scene,
    stage: string,
  ): Promise<{ readonly heardAfter: number; readonly problems: readonly LookupProblem[] }> {
    const hoursSoFar = (): number => scene.progress.filter((step) => step.stage === stage).length;
    let heardAfter = Number.POSITIVE_INFINITY;
    scene.stop.signal.addEventListener("abort", () => {
      heardAfter = hoursSoFar();
    });
    const original = scene.progress.push.bind(scene.progress);
    scene.progress.push = (...steps) => {
      const isFirst = steps.some((step) => step.stage === stage && step.done === 1);
      if (isFirst) setImmediate(() => scene.stop.abort());
      return original(...steps);
    };
    const { isInterrupted, lookup } = await scene.find();
    expect(isInterrupted).toBe(true);
    return { heardAfter, problems: lookup.problems };
  }

  it("that are on this disk an interruption is heard, and they are read all the same", async () => {
    const scene = new Scene("interrupted", NOON + 398 * 86_400);
    for (const hour of range(HOUR - HOURS, HOUR - 1)) scene.server.closeHour(hour, []);
    await scene.find();
    scene.progress.length = 0;
    const { heardAfter } = await interruptedAt(scene, "kept");
    expect(heardAfter).toBeLessThan(HOURS / 2);
    expect(scene.progress).toContainEqual({ stage: "kept", done: HOURS, total: HOURS, hits: 0 });
  });

  it("that are searched by their filters an interruption ends that", async () => {
    const scene = new Scene("interrupted", NOON + 398 * 86_400);
    const hours = range(HOUR - 8, HOUR - 1);
    for (const hour of hours) scene.server.closeHour(hour, [], { pages: 65 });
    await scene.find();
    rmSync(join(scene.cacheFolder, "candidates"), { recursive: true });
    scene.progress.length = 0;
    const { problems } = await interruptedAt(scene, "filters");
    const skipped = problems.filter(({ what }) => hours.some((hour) => what === `hour ${hour}`));
    expect(skipped.length).toBeGreaterThan(hours.length - 5);
    for (const { code } of skipped) expect(code).toBe("interrupted");
  }, 20_000);
});
