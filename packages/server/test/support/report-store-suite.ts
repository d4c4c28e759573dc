import {
  arrivalStepOf,
  decodeFilter,
  decodeManifest,
  decodeRecords,
  filterHash,
  manifestHash,
  PAGE_BYTES,
  type RandomSource,
  STORED_RECORD_BYTES,
  segmentOf,
  toHex,
} from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import type { ReportStore } from "@glowworm/server";
import { describe, expect, it } from "vitest";
import {
  crypto,
  HOUR_MS,
  NOON_HOUR,
  NOON_MS,
  packed,
  SEGMENT_MS,
  someReport,
  someReports,
} from "./fixtures.ts";
import {
  everything,
  recordsOfHours,
  recordsOfSegments,
  segmentBytes,
  timesFound,
} from "./published.ts";

/** What a store is opened with; opening twice with one `place` gives the same store again. */
export interface StoreSettings {
  readonly place: string;
  readonly clock: FakeClock;
  readonly random: RandomSource;
  readonly retentionDays: number;
}

/** What every store does, whatever it stands on. */
export function describeReportStore(
  name: string,
  newPlace: () => string,
  open: (settings: StoreSettings) => Promise<ReportStore>,
): void {
  const NOON_SEGMENT = segmentOf(NOON_MS / 1000);
  const CLOSED_MS = HOUR_MS + 120_000;

  /** Runs one story against a fresh store, and closes what is open at its end. */
  async function story(tell: (world: World) => Promise<void>, retentionDays = 30): Promise<void> {
    const world = new World(newPlace(), open, retentionDays);
    await world.start();
    try {
      await tell(world);
    } finally {
      await world.store.close();
    }
  }

  describe(`${name} report store`, () => {
    it("publishes a report in the segment of its commit once that is over, and not before", () =>
      story(async ({ store, clock, random }) => {
        const report = someReport(random);
        await store.put(packed([report]));
        expect(await store.segment(NOON_SEGMENT)).toBe("open");
        expect((await store.published()).open).toBeNull();
        clock.advance(SEGMENT_MS);
        await store.maintain();
        expect((await store.published()).open).toEqual({ first: NOON_SEGMENT, last: NOON_SEGMENT });
        const records = decodeRecords(await segmentBytes(store, NOON_SEGMENT));
        expect(timesFound([report], records)).toEqual([1]);
        expect(records.map((record) => record.arrivalStep)).toEqual([
          arrivalStepOf(NOON_MS / 1000),
          arrivalStepOf(NOON_MS / 1000),
        ]);
      }));

    it.each([
      [0, 2],
      [1, 2],
      [2, 2],
      [3, 4],
      [64, 64],
    ])("pads a segment of %i reports to %i records", (reports, records) =>
      story(async ({ store, clock, random }) => {
        if (reports > 0) await store.put(packed(someReports(random, reports)));
        clock.advance(SEGMENT_MS);
        await store.maintain();
        const bytes = await segmentBytes(store, NOON_SEGMENT);
        expect(bytes.length).toBe(records * STORED_RECORD_BYTES);
      }),
    );

    it("makes a silent hour exactly one page", () =>
      story(async ({ store, clock }) => {
        for (let passed = 0; passed < CLOSED_MS; passed += SEGMENT_MS) {
          clock.advance(SEGMENT_MS);
          await store.maintain();
        }
        const { hours } = await store.published();
        expect(hours.map(({ hour, pages }) => [hour, pages])).toEqual([[NOON_HOUR, 1]]);
        expect((await store.page(NOON_HOUR, 0))?.length).toBe(PAGE_BYTES);
        expect(await store.page(NOON_HOUR, 1)).toBeNull();
        const steps = (await recordsOfHours(store)).map((record) => record.arrivalStep);
        expect(new Set(steps)).toEqual(new Set([0, 1, 2, 3, 4, 5].map((n) => NOON_HOUR * 6 + n)));
      }));

    it("serves the segments of an hour until it closes 120 seconds after its end, then only its pages", () =>
      story(async ({ store, clock, random }) => {
        const reports = someReports(random, 3);
        await store.put(packed(reports));
        clock.advance(CLOSED_MS - 1000);
        await store.maintain();
        expect((await store.published()).hours).toEqual([]);
        const served = decodeRecords(await segmentBytes(store, NOON_SEGMENT));
        clock.advance(1000);
        await store.maintain();
        expect(await store.segment(NOON_SEGMENT)).toBe("gone");
        expect((await store.published()).open?.first).toBe(NOON_SEGMENT + 120);
        const records = await recordsOfHours(store);
        expect(timesFound(reports, records)).toEqual([1, 1, 1]);
        expect(timesFound(served, records)).toEqual(served.map(() => 1));
      }));

    it("puts every segment record of an hour into its pages, and fills whole pages", () =>
      story(async ({ store, clock, random }) => {
        const reports = someReports(random, 700);
        for (let at = 0; at < reports.length; at += 50) {
          await store.put(packed(reports.slice(at, at + 50)));
          clock.advance(SEGMENT_MS);
          await store.maintain();
        }
        const segments = await recordsOfSegments(store);
        clock.advance(CLOSED_MS);
        await store.maintain();
        const records = await recordsOfHours(store);
        expect(records.length).toBe(4 * 256);
        expect(timesFound(segments, records)).toEqual(segments.map(() => 1));
        expect(timesFound(reports, records)).toEqual(reports.map(() => 1));
      }));

    it("gives an hour of more than 64 pages a filter that knows all its ids, and smaller ones none", () =>
      story(async (world) => {
        const { store, clock, random } = world;
        // With the padding of 120 segments these are 64 pages, and then 65.
        const counts = [64 * 256 - 240, 65 * 256 - 240];
        for (const count of counts) {
          const reports = someReports(random, count);
          for (let at = 0; at < count; at += 4000)
            await store.put(packed(reports.slice(at, at + 4000)));
          clock.advance(HOUR_MS);
          await store.maintain();
        }
        clock.advance(120_000);
        await store.maintain();
        const { hours } = await store.published();
        expect(hours.map(({ pages }) => pages)).toEqual([64, 65]);
        expect(await store.filter(NOON_HOUR)).toBeNull();
        expect(await store.filter(NOON_HOUR + 2)).toBeNull();
        const bytes = (await store.filter(NOON_HOUR + 1)) ?? new Uint8Array();
        const manifest = decodeManifest((await store.manifest(NOON_HOUR + 1)) ?? new Uint8Array());
        expect(manifest.filter).toEqual(filterHash(crypto, bytes));
        const filter = decodeFilter(bytes);
        const records = (await recordsOfHours(store)).slice(-65 * 256);
        expect(records.filter(({ getId }) => !filter.has(getId))).toEqual([]);
        expect(filter.has(random.bytes(16))).toBe(false);
        await world.restart();
        expect(await world.store.filter(NOON_HOUR + 1)).toEqual(bytes);
      }));

    it("chains manifests by hash", () =>
      story(async ({ store, clock }) => {
        for (let hour = 0; hour < 3; hour++) {
          clock.advance(HOUR_MS);
          await store.maintain();
        }
        clock.advance(120_000);
        await store.maintain();
        let previous = new Uint8Array(32);
        const { hours } = await store.published();
        expect(hours.length).toBe(3);
        for (const { hour, manifest } of hours) {
          const bytes = (await store.manifest(hour)) ?? new Uint8Array();
          expect(decodeManifest(bytes).previous).toEqual(previous);
          previous = manifestHash(crypto, bytes) as Uint8Array<ArrayBuffer>;
          expect(manifest).toBe(toHex(previous));
        }
      }));

    it.each([
      ["in the same hour", 60_000],
      ["in the next hour, while the first is open", HOUR_MS + 60_000],
      ["in the next hour, when the first is closed", HOUR_MS + 600_000],
    ])("stores a report once that comes again %s", (_, laterMs) =>
      story(async ({ store, clock, random }) => {
        const reports = someReports(random, 5);
        await store.put(packed(reports));
        clock.advance(laterMs);
        await store.maintain();
        await store.put(packed([...reports, ...reports]));
        clock.advance(2 * HOUR_MS);
        await store.maintain();
        expect(timesFound(reports, await recordsOfHours(store))).toEqual([1, 1, 1, 1, 1]);
      }),
    );

    it("keeps different envelopes under one id", () =>
      story(async ({ store, clock, random }) => {
        const { getId } = someReport(random);
        const reports = someReports(random, 300).map(({ envelope }) => ({ getId, envelope }));
        await store.put(packed(reports));
        clock.advance(CLOSED_MS);
        await store.maintain();
        expect(timesFound(reports, await recordsOfHours(store))).toEqual(reports.map(() => 1));
      }));

    it("serves the same bytes after every restart", () =>
      story(async (world) => {
        const { clock, random } = world;
        for (let minute = 0; minute < 130; minute++) {
          await world.store.put(packed(someReports(random, 1 + (minute % 7))));
          clock.advance(60_000);
          await world.store.maintain();
          if (minute % 26 !== 0) continue;
          const before = await everything(world.store);
          await world.restart();
          expect(await everything(world.store)).toEqual(before);
        }
        const { hours, open } = await world.store.published();
        expect([hours.length, open]).toEqual([
          2,
          { first: NOON_SEGMENT + 240, last: NOON_SEGMENT + 259 },
        ]);
      }));

    it("closes an hour whose end it slept through, and makes none of the hours in which it did not run", () =>
      story(async (world) => {
        const reports = someReports(world.random, 3);
        await world.store.put(packed(reports));
        await world.restart(5 * HOUR_MS);
        await world.store.maintain();
        const { hours, open } = await world.store.published();
        expect(hours.map(({ hour }) => hour)).toEqual([NOON_HOUR]);
        expect(open).toBeNull();
        expect(timesFound(reports, await recordsOfHours(world.store))).toEqual([1, 1, 1]);
        world.clock.advance(CLOSED_MS);
        await world.store.maintain();
        const later = (await world.store.published()).hours.map(({ hour }) => hour);
        expect(later).toEqual([NOON_HOUR, NOON_HOUR + 5]);
      }));

    it("begins with the segment in which it starts, and pads no arrival step before it", () =>
      story(async (world) => {
        await world.store.put(packed(someReports(world.random, 1)));
        await world.restart(2 * HOUR_MS + 45 * 60_000);
        await world.store.maintain();
        world.clock.advance(HOUR_MS);
        await world.store.maintain();
        const hour = NOON_HOUR + 2;
        const records = (await recordsOfHours(world.store)).filter(
          (record) => Math.floor(record.arrivalStep / 6) === hour,
        );
        expect(records.length).toBe(256);
        const steps = new Set(records.map((record) => record.arrivalStep));
        expect(steps).toEqual(new Set([hour * 6 + 4, hour * 6 + 5]));
      }));

    it("never touches closed segments and hours when the clock steps back", () =>
      story(async ({ store, clock, random }) => {
        await store.put(packed(someReports(random, 3)));
        clock.advance(HOUR_MS + 300_000);
        await store.maintain();
        const before = await everything(store);
        const late = someReports(random, 4);
        for (const backMs of [45_000, 301_000, 2 * HOUR_MS]) {
          clock.setWall(NOON_MS + HOUR_MS + 300_000 - backMs);
          await store.maintain();
          await store.put(packed(late));
          expect(await everything(store)).toEqual(before);
        }
        expect(store.health().arrivalFloor).toBe(NOON_SEGMENT + 130);
        clock.setWall(NOON_MS + HOUR_MS + 330_000);
        await store.maintain();
        const next = decodeRecords(await segmentBytes(store, NOON_SEGMENT + 130));
        expect(timesFound(late, next)).toEqual([1, 1, 1, 1]);
      }));

    it("keeps as many days of hours as it was told, counted from the newest closed one", () =>
      story(async ({ store, clock }) => {
        for (let hour = 0; hour < 26; hour++) {
          clock.advance(HOUR_MS);
          await store.maintain();
        }
        clock.advance(120_000);
        await store.maintain();
        const hours = (await store.published()).hours.map(({ hour }) => hour);
        expect([hours.length, hours[0], hours.at(-1)]).toEqual([24, NOON_HOUR + 2, NOON_HOUR + 25]);
        expect(await store.manifest(NOON_HOUR + 1)).toBeNull();
        expect(await store.page(NOON_HOUR + 1, 0)).toBeNull();
      }, 1));

    it("names the hour before in a manifest although that hour is past retention by then", () =>
      story(async (world) => {
        await world.restart(2 * HOUR_MS);
        await world.store.maintain();
        const [before] = (await world.store.published()).hours;
        await world.restart(40 * 24 * HOUR_MS);
        await world.store.maintain();
        world.clock.advance(CLOSED_MS);
        await world.store.maintain();
        const { hours } = await world.store.published();
        const bytes = (await world.store.manifest(hours.at(-1)?.hour ?? 0)) ?? new Uint8Array();
        const previous = toHex(decodeManifest(bytes).previous);
        expect(before?.hour).toBe(NOON_HOUR);
        expect(previous).not.toBe("00".repeat(32));
      }, 1));

    it("removes nothing when the clock jumps far ahead", () =>
      story(async ({ store, clock, random }) => {
        const reports = someReports(random, 3);
        await store.put(packed(reports));
        clock.advance(400 * 24 * HOUR_MS);
        await store.maintain();
        expect(timesFound(reports, await recordsOfHours(store))).toEqual([1, 1, 1]);
      }, 1));
  });
}

class World {
  readonly clock: FakeClock = new FakeClock(NOON_MS);
  readonly random: RandomSource = seededRandom("report store suite");
  readonly #place: string;
  readonly #open: (settings: StoreSettings) => Promise<ReportStore>;
  readonly #retentionDays: number;
  #store: ReportStore | undefined;

  constructor(
    place: string,
    open: (settings: StoreSettings) => Promise<ReportStore>,
    retentionDays: number,
  ) {
    this.#place = place;
    this.#open = open;
    this.#retentionDays = retentionDays;
  }

  get store(): ReportStore {
    if (this.#store === undefined) throw new Error("not started");
    return this.#store;
  }

  async start(): Promise<void> {
    const { clock, random } = this;
    const settings = { place: this.#place, clock, random, retentionDays: this.#retentionDays };
    this.#store = await this.#open(settings);
    await this.#store.maintain();
  }

  async restart(awayMs = 0): Promise<void> {
    await this.store.close();
    this.clock.advance(awayMs);
    await this.start();
  }
}
