import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type DemoEvent, runDemo } from "../src/index.ts";

async function evening(seed: number): Promise<readonly DemoEvent[]> {
  const folder = mkdtempSync(join(tmpdir(), "glowworm-demo-test-"));
  const events: DemoEvent[] = [];
  const signal = new AbortController().signal;
  try {
    await runDemo({ seed, folder, signal, onEvent: (event) => events.push(event) });
  } finally {
    rmSync(folder, { recursive: true });
  }
  return events;
}

it("repeats an evening exactly for one seed, and plays another for another", async () => {
  const [first, again, other] = [await evening(5), await evening(5), await evening(6)];
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
});

it.each([1, 2, 3])("finds the laptop of seed %i within three of its own radii", async (seed) => {
  const events = await evening(seed);
  const found = events.at(-1);
  if (found?.event !== "found") throw new Error(`ended with ${found?.event}`);
  expect(found.relays).toBeGreaterThanOrEqual(1);
  expect(found.errorMetres).toBeLessThanOrEqual(3 * found.accuracyMetres);
  expect(found.secondsToFirstFix).toBeGreaterThan(0);
  expect(Date.parse(found.seenAt)).toBeGreaterThan(Date.parse("2026-06-01T17:45:00Z"));
});
