import { GET_ID_BYTES, loadCrypto, PAGE_RECORDS } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { directionOf, metresBetween } from "../src/answer/geo.ts";
import { encodeCandidateCache } from "../src/candidates/candidate-cache.ts";
import { lastPossibleDay } from "../src/candidates/candidates.ts";
import { HERE, type Heard, NOON } from "./support/reports.ts";
import { Scene } from "./support/search.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;

/** Heard over four epochs by three relays each, an hour ago. */
function passing(beaconBehind: number): Heard[] {
  return [0, 1, 2, 3].flatMap((epoch) =>
    [1, 2, 3].map((relay) => {
      const seenAt = NOON - HOUR + epoch * 300 + relay * 20;
      return { seenAt, beaconTime: seenAt - beaconBehind, relay, northMetres: relay * 8 };
    }),
  );
}

describe("finding a device", () => {
  it("gives the place, and what was looked at", async () => {
    const scene = new Scene("place");
    scene.publish(passing(0));
    const { place, places, refused, lookup } = await scene.find();
    expect(place).toMatchObject({
      grade: "on-time",
      relays: 3,
      relaysDisagreeing: 0,
      isTooFast: false,
    });
    expect(place?.seenAt).toBe(NOON - HOUR + 900 + 60);
    expect(metresBetween(directionOf(place ?? HERE), directionOf(HERE))).toBeLessThan(20);
    expect(places.length).toBeGreaterThan(1);
    expect(refused).toEqual({ copies: 0, notOpening: 0, malformed: 0, fromTheFuture: 0 });
    expect(lookup).toMatchObject({ closedHours: 1, records: PAGE_RECORDS, problems: [] });
  });

  it("sees a report in the open hour, and once it is closed counts it no second time", async () => {
    const scene = new Scene("open hour");
    const report = scene.record({ seenAt: NOON - 90 });
    scene.server.open(NOON / 30 - 2, NOON / 30 - 1, [report]);
    expect((await scene.find()).place).toMatchObject({ reports: 1, relays: 1 });
    scene.server.closeHour(NOON / HOUR - 1, [report]);
    const { place, refused } = await scene.find();
    expect(place).toMatchObject({ reports: 1 });
    expect(refused.copies).toBe(1);
  });

  it.each([
    ["right", 0, "on-time"],
    ["five minutes slow", 300, "on-time"],
    ["14 hours slow, as a zone error leaves it", 14 * HOUR, "clock-off"],
    ["14 hours fast", -14 * HOUR, "clock-off"],
    ["stopped since the device was off for three days", 3 * DAY, "clock-off"],
    ["nine days behind, since its last trusted time", 9 * DAY, "clock-off"],
  ])(
    "finds it at the first search with a beacon clock that is %s",
    async (_what, behind, grade) => {
      const scene = new Scene("clock", NOON - 10 * DAY);
      scene.publish(passing(behind));
      const { place, window } = await scene.find();
      expect(place).toMatchObject({ grade, relays: 3 });
      expect(window.isWide).toBe(false);
    },
  );

  it("widens the search when nothing has been heard for a day: its clock may have leapt far ahead", async () => {
    const scene = new Scene("leapt", NOON - 5 * DAY);
    const before = { seenAt: NOON - 3 * DAY };
    scene.publish([before, ...passing(-399 * DAY)]);
    const { place, places, window } = await scene.find();
    expect(places).toHaveLength(5);
    expect(place).toMatchObject({ grade: "clock-off", relays: 3 });
    expect(Math.abs((place?.clockBehindSeconds ?? 0) + 399 * DAY)).toBeLessThan(60);
    expect(window).toMatchObject({ isWide: true, lastDay: lastPossibleDay(NOON) });
  });

  it("asks for exactly the same, hit or miss, whoever asks", async () => {
    const hit = new Scene("somebody");
    hit.publish(passing(0));
    hit.server.open(NOON / 30 - 2, NOON / 30 - 1, [hit.record({ seenAt: NOON - 45 })]);
    // Made by a clock 398 days ahead: only the widened search has anything to derive, and little.
    const miss = new Scene("somebody else", NOON + 398 * DAY);
    Object.defineProperty(miss, "server", { value: hit.server });
    for (const round of ["first", "with a cache"]) {
      hit.server.requests.length = 0;
      expect((await hit.find()).place, round).not.toBeNull();
      const asked = [...hit.server.requests];
      hit.server.requests.length = 0;
      expect((await miss.find()).place, round).toBeNull();
      expect(hit.server.requests).toEqual(asked);
    }
  });

  it("is not moved by a server that repeats records, mixes ids or invents arrivals", async () => {
    const honest = new Scene("honest");
    const reports = passing(0).map((heard) => honest.record(heard));
    const [one, other] = [reports[0], reports[11]];
    if (one === undefined || other === undefined) throw new Error("expected reports");
    honest.server.closeHour(NOON / HOUR - 1, [...reports, { ...one, getId: other.getId }]);
    honest.server.closeHour(
      NOON / HOUR,
      reports.map((report) => ({ ...report, arrivalStep: report.arrivalStep + 50 })),
    );
    const { place, refused } = await honest.find();
    expect(place).toMatchObject({ relays: 3, relaysDisagreeing: 0, grade: "on-time" });
    expect(refused.notOpening).toBe(1);
    expect(refused.copies).toBe(12);
  });

  it("reports progress for keys, then for hours, and what it has hit", async () => {
    const scene = new Scene("progress");
    scene.publish(passing(0));
    await scene.find();
    expect(scene.progress[0]).toEqual({ stage: "keys", done: 0, total: 5, hits: 0 });
    expect(scene.progress.at(-1)).toEqual({ stage: "closed", done: 1, total: 1, hits: 12 });
  });

  it("answers from this disk when the server is gone", async () => {
    const scene = new Scene("gone");
    scene.publish(passing(0));
    await scene.find();
    scene.server.lies.set("/v1/hours", () => {
      throw new TypeError("fetch failed");
    });
    const { place, lookup } = await scene.find();
    expect(place).toMatchObject({ relays: 3 });
    expect(lookup.isServerReached).toBe(false);
  });
});

describe("a cached year", () => {
  it("is stored in less room than its reports would take", async () => {
    const crypto = await loadCrypto();
    const year = { firstDay: 20_000, ids: seededRandom("year").bytes(365 * 288 * GET_ID_BYTES) };
    const file = encodeCandidateCache(crypto, seededRandom("key").bytes(32), year);
    expect(file.length).toBeLessThan(1.02 * year.ids.length);
  });
});
