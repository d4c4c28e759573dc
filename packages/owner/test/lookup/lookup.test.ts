import { readFileSync, statSync, writeFileSync } from "node:fs";
import { DAY_SECONDS, PATHS } from "@glowworm/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { problem } from "../support/fake-server.ts";
import { Reader, SEGMENT } from "../support/lookup.ts";
import { NOON } from "../support/reports.ts";
import { HOUR } from "../support/search.ts";

const ALL_PATHS = [
  PATHS.hours,
  PATHS.segment(SEGMENT + 1),
  PATHS.segment(SEGMENT),
  ...[HOUR - 1, HOUR - 2, HOUR - 3].flatMap((hour) => [PATHS.manifest(hour), PATHS.page(hour, 0)]),
];

let reader: Reader;

beforeEach(() => {
  reader = new Reader();
});

describe("lookup", () => {
  it("reads everything once: the list, open segments, then closed hours", async () => {
    const summary = await reader.refresh();
    expect(summary).toMatchObject({
      isServerReached: true,
      closedHours: 3,
      segments: 2,
      problems: [],
    });
    expect(summary.records).toBe(3 * 256 + 2 * 2);
    expect(reader.asked().toSorted()).toEqual(ALL_PATHS.toSorted());
  });

  it("begins with what is newest", async () => {
    await reader.refresh();
    const asked = reader.asked();
    expect(asked.slice(0, 6)).toEqual([
      PATHS.hours,
      PATHS.segment(SEGMENT + 1),
      PATHS.segment(SEGMENT),
      PATHS.manifest(HOUR - 1),
      PATHS.manifest(HOUR - 2),
      PATHS.manifest(HOUR - 3),
    ]);
  });

  it("fetches a closed hour once, and gives its records again from the cache", async () => {
    await reader.refresh();
    reader.server.closeHour(HOUR, []);
    const second = await reader.refresh();
    expect(second.closedHours).toBe(4);
    expect(second.records).toBe(4 * 256 + 2 * 2);
    expect(reader.asked().filter((path) => path.includes("/hours/"))).toEqual([
      PATHS.manifest(HOUR),
      PATHS.page(HOUR, 0),
    ]);
    for (const file of reader.cachedFiles()) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("keeps what the server no longer lists, for two months", async () => {
    await reader.refresh();
    reader.server.expireOldest();
    const { closedHours, records } = await reader.refresh();
    expect({ closedHours, records }).toEqual({ closedHours: 3, records: 3 * 256 + 2 * 2 });
    await reader.lookup({ at: NOON + 59 * DAY_SECONDS }).refresh(() => undefined);
    expect(reader.cachedFiles()).toHaveLength(3);
    const later = NOON + 61 * DAY_SECONDS;
    await reader.lookup({ at: later }).refresh(() => undefined);
    expect(reader.cachedFiles()).toHaveLength(3);
    reader.server.closeHour(later / 3600 - 1, []);
    await reader.lookup({ at: later }).refresh(() => undefined);
    await reader.lookup({ at: later }).refresh(() => undefined);
    expect(reader.cachedFiles()).toHaveLength(1);
  });

  it("reads no more than fits on a disk, the newest, and names the rest", async () => {
    const manifest = "00".repeat(32);
    const hours = Array.from({ length: 30 }, (_, at) => ({
      hour: HOUR - 29 + at,
      pages: 65_536,
      manifest,
    }));
    reader.server.lies.set(PATHS.hours, () => Response.json({ v: 1, hours, open: null }));
    const { problems } = await reader.refresh();
    expect(problems.filter(({ code }) => code === "too-large")).toHaveLength(10);
    expect(reader.asked().filter((path) => path.endsWith("/manifest"))).toHaveLength(20);
    expect(reader.asked()).toContain(PATHS.manifest(HOUR));
  });

  it("fetches an hour again when its copy on this disk is damaged", async () => {
    await reader.refresh();
    const [file = ""] = reader.cachedFiles();
    const damaged = readFileSync(file);
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
    writeFileSync(file, damaged);
    const summary = await reader.refresh();
    expect(summary).toMatchObject({ closedHours: 3, problems: [] });
    expect(reader.asked().filter((path) => path.includes("/pages/"))).toHaveLength(1);
  });

  it("answers from the cache when the server is gone", async () => {
    await reader.refresh();
    reader.server.lies.set(PATHS.hours, () => {
      throw new TypeError("fetch failed");
    });
    const summary = await reader.refresh();
    expect(summary).toMatchObject({ isServerReached: false, closedHours: 3, records: 3 * 256 });
    expect(summary.problems).toMatchObject([{ what: "list of hours", code: "unreachable" }]);
  });

  it("gives the same records on a replay, without a request", async () => {
    const run = reader.lookup();
    const first: Uint8Array[] = [];
    await run.refresh((records) => first.push(records));
    reader.server.requests.length = 0;
    const again: Uint8Array[] = [];
    await run.replay((records) => again.push(records));
    expect(reader.server.requests).toEqual([]);
    const sorted = (blocks: Uint8Array[]): string[] =>
      blocks.map((block) => Buffer.from(block).toString("hex")).toSorted();
    expect(sorted(again)).toEqual(sorted(first));
  });

  it("finds the records of an hour that closed between the list and the segment", async () => {
    reader.server.lies.set(PATHS.segment(SEGMENT), () => {
      reader.server.closeHour(HOUR, []);
      return problem(410);
    });
    const summary = await reader.refresh();
    expect(summary).toMatchObject({ closedHours: 4, segments: 1, problems: [] });
  });
});
