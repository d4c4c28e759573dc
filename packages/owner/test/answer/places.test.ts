import { describe, expect, it } from "vitest";
import { isProven, latestPlace, type Place, placesOf } from "../../src/answer/places.ts";
import { gradedReports } from "../support/graded.ts";
import { type Heard, NOON } from "../support/reports.ts";

const HOUR = 3600;

function placesFrom(heard: readonly Heard[]): readonly Place[] {
  return placesOf(gradedReports(heard));
}

describe("places", () => {
  it("are none without reports", () => {
    expect(placesFrom([])).toEqual([]);
    expect(latestPlace([])).toBeNull();
  });

  it("come in the order of time, one for each five minutes with reports", () => {
    const times = [0, 100, 299, 300, HOUR, HOUR + 10].map((later) => ({ seenAt: NOON + later }));
    const places = placesFrom(times);
    expect(places.map(({ seenAt, reports }) => [seenAt - NOON, reports])).toEqual([
      [0, 1],
      [300, 2],
      [HOUR + 10, 1],
    ]);
  });

  it("count relays and reports that agree, and take their time from these alone", () => {
    const heard = [1, 2, 3].map((relay) => ({ seenAt: NOON + relay, relay }));
    const liar = { seenAt: NOON + 60, relay: 4, northMetres: 9000 };
    const [place] = placesFrom([...heard, liar]);
    expect(place).toMatchObject({ seenAt: NOON + 3, reports: 3, relays: 3, relaysDisagreeing: 1 });
  });

  it("of unproven time carry nothing into others and give way to those that are proven", () => {
    const honest = { seenAt: NOON };
    const replay = { seenAt: NOON + HOUR, beaconTime: NOON - 24 * HOUR, northMetres: 50_000 };
    const places = placesFrom([honest, replay]);
    expect(places.map(({ grade }) => grade)).toEqual(["on-time", "clock-off-unconfirmed"]);
    expect(latestPlace(places)).toBe(places[0]);
    expect(places.map(isProven)).toEqual([true, false]);
  });

  it("of unproven time are the answer when there is no other", () => {
    const places = placesFrom([{ seenAt: NOON, token: new Uint8Array(4) }]);
    expect(latestPlace(places)).toMatchObject({ grade: "time-unproven", clockBehindSeconds: 0 });
  });

  it("say by how much a wrong beacon clock is behind", () => {
    const heard = [0, 300, 600].map((later) => ({
      seenAt: NOON + later,
      beaconTime: NOON + later - 14 * HOUR,
    }));
    expect(placesFrom(heard).map((place) => [place.grade, place.clockBehindSeconds])).toEqual(
      Array(3).fill(["clock-off", 14 * HOUR]),
    );
  });

  it("that nothing could have travelled between are marked, the later one", () => {
    const berlinThenTokyo = [
      { seenAt: NOON },
      { seenAt: NOON + HOUR, latitude: 35.68, longitude: 139.69 },
    ];
    expect(placesFrom(berlinThenTokyo).map(({ isTooFast }) => isTooFast)).toEqual([false, true]);
    const byTrain = [{ seenAt: NOON }, { seenAt: NOON + HOUR, northMetres: 200_000 }];
    expect(placesFrom(byTrain).some(({ isTooFast }) => isTooFast)).toBe(false);
  });

  it("survive a flood of reports for one minute", () => {
    const flood = Array.from({ length: 3000 }, (_, index) => ({
      seenAt: NOON + (index % 60),
      northMetres: index % 7,
    }));
    expect(placesFrom(flood)).toHaveLength(1);
  });
});
