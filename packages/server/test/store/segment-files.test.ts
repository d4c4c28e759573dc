import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { concat, decodeRecords, equalBytes, PATHS } from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { type ByteParts, Server, StoreUnavailableError } from "@glowworm/server";
import { describe, expect, it } from "vitest";
import { flip } from "../support/damage.ts";
import {
  crypto,
  HOUR_MS,
  type NewReport,
  NOON_HOUR,
  NOON_MS,
  packed,
  SEGMENT_MS,
  someReports,
  temporaryFolder,
} from "../support/fixtures.ts";
import { openLocalStore, SmallDisk } from "../support/local-store.ts";
import { everything, recordsOfHours, segmentBytes, timesFound } from "../support/published.ts";

const random = seededRandom("segment files");
const SEGMENT = NOON_HOUR * 120;
const PART_BYTES = 492 * 133;
/** Four parts. */
const REPORTS = 1600;
const HOUR_IS_CLOSED_MS = HOUR_MS + 120_000;

interface Filled {
  readonly folder: string;
  readonly path: string;
  readonly clock: FakeClock;
  readonly reports: readonly NewReport[];
  readonly bytes: Uint8Array;
}

/** A folder whose first segment has four parts, and others are small. */
async function filled(): Promise<Filled> {
  const folder = temporaryFolder();
  const clock = new FakeClock(NOON_MS);
  const store = await openLocalStore(folder, new SmallDisk(), clock);
  await store.maintain();
  const reports = someReports(random, REPORTS);
  for (let at = 0; at < REPORTS; at += 200) await store.put(packed(reports.slice(at, at + 200)));
  clock.advance(3 * SEGMENT_MS);
  await store.maintain();
  const bytes = await segmentBytes(store, SEGMENT);
  await store.close();
  return { folder, path: join(folder, "open", `${SEGMENT}.segment`), clock, reports, bytes };
}

function partsOf(answer: ByteParts | string): ByteParts {
  if (typeof answer === "string") throw new Error(`the segment is ${answer}`);
  return answer;
}

describe("a closed segment", () => {
  it("is served in parts of 64 KiB at most, the same at each time, and has every report once", async () => {
    const { folder, clock, reports, bytes } = await filled();
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    const answer = partsOf(await store.segment(SEGMENT));
    for (let time = 0; time < 2; time++) {
      const parts: Uint8Array[] = [];
      for await (const part of answer.parts()) parts.push(part);
      expect(parts.map((part) => part.length)).toEqual([
        ...[PART_BYTES, PART_BYTES, PART_BYTES],
        answer.length - 3 * PART_BYTES,
      ]);
      expect(equalBytes(concat(...parts), bytes)).toBe(true);
    }
    expect(timesFound(reports, decodeRecords(bytes))).toEqual(reports.map(() => 1));
    await store.close();
  });

  it("leaves no report in the database when it has a file", async () => {
    const { folder, reports } = await filled();
    const database = readFileSync(join(folder, "open", `${NOON_HOUR}.sqlite`));
    const found = reports.filter(({ envelope }) => database.includes(Buffer.from(envelope)));
    expect(found).toEqual([]);
    expect(existsSync(join(folder, "open", `${NOON_HOUR}.sqlite-wal`))).toBe(false);
  });

  it.each([
    ["a part", 2 * PART_BYTES + 7],
    ["the sum of a part", -25 - 1],
    ["the footer", -10],
  ])("has its hour set aside at the start when %s has changed", async (_, at) => {
    const { folder, path, clock, bytes } = await filled();
    flip(path, at < 0 ? bytes.length + 4 * 4 + 25 + at : at);
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    expect(store.damaged).toEqual([join(folder, "damaged", `${NOON_HOUR}.sqlite.1`)]);
    expect(readdirSync(join(folder, "damaged"))).toContain(
      `${NOON_HOUR}.sqlite.1-${SEGMENT}.segment`,
    );
    expect(readdirSync(join(folder, "open"))).toEqual([]);
    await store.close();
  });

  it("is not read beyond a part that has changed, and has its hour set aside", async () => {
    const { folder, path, clock, bytes } = await filled();
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    flip(path, 2 * PART_BYTES + 7);
    const got: Uint8Array[] = [];
    const reading = async (): Promise<void> => {
      for await (const part of partsOf(await store.segment(SEGMENT)).parts()) got.push(part);
    };
    await expect(reading()).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(equalBytes(concat(...got), bytes.subarray(0, 2 * PART_BYTES))).toBe(true);
    expect(store.damaged).toEqual([join(folder, "damaged", `${NOON_HOUR}.sqlite.1`)]);
    expect(await store.segment(SEGMENT)).toBe("gone");
    expect(store.health().arrivalFloor).toBe(SEGMENT + 3);
    await store.close();
  });

  it("is read to its end, or refused, while its hour closes, and never otherwise", async () => {
    const { folder, clock, bytes } = await filled();
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    const early = partsOf(await store.segment(SEGMENT))
      .parts()
      [Symbol.asyncIterator]();
    const late = partsOf(await store.segment(SEGMENT))
      .parts()
      [Symbol.asyncIterator]();
    const got: Uint8Array[] = [];
    for (let part = 0; part < 2; part++) got.push((await early.next()).value);
    await late.next();
    clock.advance(HOUR_IS_CLOSED_MS);
    await store.maintain();
    expect(await store.segment(SEGMENT)).toBe("gone");
    for (let part = 2; part < 4; part++) got.push((await early.next()).value);
    expect((await early.next()).done).toBe(true);
    expect(equalBytes(concat(...got), bytes)).toBe(true);
    await expect(late.next()).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(store.damaged).toEqual([]);
    await store.close();
  });

  it("that is small gets its file again when the disk forgot it", async () => {
    const { folder, clock } = await filled();
    let store = await openLocalStore(folder, new SmallDisk(), clock);
    const before = await everything(store);
    await store.close();
    rmSync(join(folder, "open", `${SEGMENT + 1}.segment`));
    flip(join(folder, "open", `${SEGMENT + 2}.segment`), 100);
    store = await openLocalStore(folder, new SmallDisk(), clock);
    expect(store.damaged).toEqual([]);
    expect(await everything(store)).toEqual(before);
    await store.close();
  });

  it("that is small gets its file again when it goes missing while the server runs, whoever misses it", async () => {
    const { folder, clock } = await filled();
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    const reports = someReports(random, 3);
    await store.put(packed(reports));
    clock.advance(SEGMENT_MS);
    await store.maintain();
    const before = await everything(store);
    const path = join(folder, "open", `${SEGMENT + 3}.segment`);
    rmSync(path);
    expect(await everything(store)).toEqual(before);
    rmSync(path);
    await expect(store.put(packed(reports))).rejects.toBeInstanceOf(StoreUnavailableError);
    await store.put(packed(reports));
    rmSync(path);
    clock.advance(HOUR_IS_CLOSED_MS);
    await expect(store.maintain()).rejects.toBeInstanceOf(StoreUnavailableError);
    await store.maintain();
    expect(store.damaged).toEqual([]);
    expect(timesFound(reports, await recordsOfHours(store))).toEqual(reports.map(() => 1));
    await store.close();
  });

  it("has its hour set aside when its file goes missing while the server runs", async () => {
    const { folder, path, clock } = await filled();
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    rmSync(path);
    expect(await store.segment(SEGMENT)).toBe("gone");
    expect(store.damaged).toEqual([join(folder, "damaged", `${NOON_HOUR}.sqlite.1`)]);
    await store.put(packed(someReports(random, 3)));
    await store.close();
  });

  it("has its hour set aside when its file is missing", async () => {
    const { folder, path, clock } = await filled();
    rmSync(path);
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    expect(store.damaged).toEqual([join(folder, "damaged", `${NOON_HOUR}.sqlite.1`)]);
    await store.close();
  });

  it("keeps a report from being stored again", async () => {
    const { folder, clock, reports } = await filled();
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    await store.put(packed(reports));
    clock.advance(HOUR_IS_CLOSED_MS);
    await store.maintain();
    expect(timesFound(reports, await recordsOfHours(store))).toEqual(reports.map(() => 1));
    await store.close();
  });
});

describe("a server with a closed segment", () => {
  it.each([1, 2, 3])(
    "ends the connection before part %i, which has changed, and refuses the segment from then on",
    async (part) => {
      const { folder, path, clock, bytes } = await filled();
      const said: string[] = [];
      const server = new Server({
        ...{ clock, crypto, random: seededRandom("segment server"), dataFolder: folder },
        ...{ host: "127.0.0.1", port: 0, retentionDays: 30 },
        log: ({ level, text }) => said.push(`${level} ${text}`),
      });
      const { url } = await server.start();
      const whole = await fetch(url + PATHS.segment(SEGMENT));
      expect(equalBytes(new Uint8Array(await whole.arrayBuffer()), bytes)).toBe(true);
      expect((await fetch(url + PATHS.segment(SEGMENT), { method: "HEAD" })).status).toBe(200);
      flip(path, part * PART_BYTES + 7);
      const broken = await fetch(url + PATHS.segment(SEGMENT));
      expect(broken.headers.get("content-length")).toBe(String(bytes.length));
      await expect(broken.arrayBuffer()).rejects.toThrow();
      expect((await fetch(url + PATHS.segment(SEGMENT))).status).toBe(410);
      expect(said.filter((line) => line.includes("cut off")).length).toBe(1);
      await server.stop();
    },
  );

  it("answers 503 when the first part has changed", async () => {
    const { folder, path, clock } = await filled();
    const server = new Server({
      ...{ clock, crypto, random: seededRandom("segment server"), dataFolder: folder },
      ...{ host: "127.0.0.1", port: 0, retentionDays: 30 },
    });
    const { url } = await server.start();
    flip(path, 7);
    expect((await fetch(url + PATHS.segment(SEGMENT))).status).toBe(503);
    await server.stop();
  });
});
