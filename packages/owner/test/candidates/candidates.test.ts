import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dayOf, loadCrypto } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { CacheTrouble } from "../../src/cache-trouble.ts";
import { type CandidateDays, dayCount } from "../../src/candidates/candidate-cache.ts";
import {
  epochAt,
  lastUsualDay,
  loadCandidates,
  windowOf,
} from "../../src/candidates/candidates.ts";
import { deriveDayIds } from "../../src/candidates/day-ids.ts";
import { temporaryFolder } from "../support/folders.ts";
import { NOON } from "../support/reports.ts";

const crypto = await loadCrypto();
const key = seededRandom("candidates").bytes(32);
const device = { number: 3, key, since: NOON };
const TODAY = dayOf(NOON);

class Loader {
  readonly derived: number[] = [];
  readonly stop = new AbortController();
  readonly cacheFolder: string;
  readonly trouble = new CacheTrouble();
  readonly file: string;
  stopAfter = Number.POSITIVE_INFINITY;

  constructor(cacheFolder = temporaryFolder()) {
    this.cacheFolder = cacheFolder;
    this.file = join(cacheFolder, "candidates", "3.ids");
  }

  load(lastDay: number, deviceKey = key): Promise<CandidateDays> {
    const onDays = (done: number): void => {
      this.derived.push(done);
      if (this.derived.length >= this.stopAfter) this.stop.abort();
    };
    const { cacheFolder, trouble } = this;
    const deps = { crypto, cacheFolder, trouble, signal: this.stop.signal, onDays };
    return loadCandidates(deps, { ...device, key: deviceKey }, lastDay);
  }
}

describe("candidates", () => {
  it("reach from the day before the device was made to two days ahead", async () => {
    const days = await new Loader().load(lastUsualDay(NOON));
    expect(windowOf(days)).toEqual({ firstDay: TODAY - 1, lastDay: TODAY + 2 });
    expect(days.ids.subarray(4608, 2 * 4608)).toEqual(deriveDayIds(crypto, key, TODAY));
    expect(epochAt(days, 288 + 5)).toEqual({ day: TODAY, epoch: 5 });
  });

  it("are derived once: a later search derives only the new days", async () => {
    const loader = new Loader();
    const first = await loader.load(TODAY + 2);
    expect(loader.derived).toHaveLength(4);
    expect(await loader.load(TODAY + 2)).toEqual(first);
    expect(loader.derived).toHaveLength(4);
    const more = await loader.load(TODAY + 3);
    expect(loader.derived).toHaveLength(5);
    expect(more.ids.subarray(0, first.ids.length)).toEqual(first.ids);
    expect(await loader.load(TODAY + 1)).toEqual(more);
  });

  it("are kept as far as they were derived when the search is stopped", async () => {
    const loader = new Loader();
    loader.stopAfter = 2;
    expect(dayCount(await loader.load(TODAY + 2))).toBe(2);
    const next = new Loader(loader.cacheFolder);
    expect(dayCount(await next.load(TODAY + 2))).toBe(4);
    expect(next.derived).toHaveLength(2);
  });

  it("cannot be read from the cache without the device key", async () => {
    const loader = new Loader();
    const days = await loader.load(TODAY + 2);
    const file = readFileSync(loader.file);
    expect(statSync(loader.file).mode & 0o777).toBe(0o600);
    for (let at = 0; at < days.ids.length; at += 16) {
      expect(file.includes(Buffer.from(days.ids.subarray(at, at + 16)))).toBe(false);
    }
    const other = await loader.load(TODAY + 2, seededRandom("other").bytes(32));
    expect(loader.derived).toHaveLength(8);
    expect(other.ids).not.toEqual(days.ids);
  });

  it("are derived again when the cache is damaged, cut off or something else", async () => {
    const loader = new Loader();
    const days = await loader.load(TODAY + 2);
    const file = readFileSync(loader.file);
    const flipped = Buffer.from(file);
    flipped[2000] = (flipped[2000] ?? 0) ^ 1;
    for (const damaged of [flipped, file.subarray(0, 100), Buffer.alloc(0), Buffer.from("junk")]) {
      writeFileSync(loader.file, damaged);
      expect(await loader.load(TODAY + 2)).toEqual(days);
    }
    expect(loader.derived).toHaveLength(4 + 4 * 4);
  });
});
