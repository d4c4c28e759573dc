import { RSSI_UNKNOWN, randomFraction } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../../test/support/effort.ts";
import { type Estimate, estimatePlace, radioRange } from "../../src/answer/estimate.ts";
import { directionOf, metresBetween } from "../../src/answer/geo.ts";
import { gradedReports } from "../support/graded.ts";
import { HERE, type Heard, NOON } from "../support/reports.ts";

const TRUTH = directionOf(HERE);

function estimateOf(heard: readonly Heard[]): Estimate {
  const estimate = estimatePlace(gradedReports(heard));
  if (estimate === null) throw new Error("expected an estimate");
  return estimate;
}

function errorOf(estimate: Estimate): number {
  return metresBetween(directionOf(estimate), TRUTH);
}

describe("estimate of a place", () => {
  it("is nothing without a report", () => {
    expect(estimatePlace([])).toBeNull();
  });

  it("of one report is where the relay was, no surer than the relay and its radio", () => {
    const estimate = estimateOf([{ seenAt: NOON, accuracyMetres: 12, rssiDbm: -80 }]);
    expect(errorOf(estimate)).toBeLessThan(0.1);
    expect(estimate).toMatchObject({ relays: 1, relaysDisagreeing: 0 });
    expect(estimate.accuracyMetres).toBeGreaterThan(Math.hypot(12, radioRange(-80)));
  });

  it("takes nobody's word for perfect accuracy", () => {
    const heard = [0, 20, 40].map((northMetres, relay) => ({ seenAt: NOON, relay, northMetres }));
    const boast = { seenAt: NOON, relay: 9, northMetres: 60, accuracyMetres: 0, rssiDbm: 20 };
    expect(errorOf(estimateOf([...heard, boast]))).toBeLessThan(55);
    expect(estimateOf([boast]).accuracyMetres).toBeGreaterThan(5);
  });

  it("gets surer with every relay that agrees, and not with one that repeats itself", () => {
    const relays = (count: number, marks: number): number =>
      estimateOf(
        Array.from({ length: count }, (_, index) => ({
          seenAt: NOON + index,
          relay: index % marks,
        })),
      ).accuracyMetres;
    expect(relays(4, 4)).toBeLessThan(0.6 * relays(1, 1));
    expect(relays(4, 1)).toBe(relays(1, 1));
  });

  it("does not count a relay twice that is heard in two epochs", () => {
    const heard = [0, 300].map((later) => ({ seenAt: NOON + later, relay: 1 }));
    const estimate = estimateOf(heard);
    expect(estimate.relays).toBe(1);
    expect(estimate.agreeing).toHaveLength(2);
  });

  it("does not lend the accuracy of an old voice to a vague new one", () => {
    const old = { seenAt: NOON, relay: 1, accuracyMetres: 4, rssiDbm: -60 };
    const vague = { seenAt: NOON + 150, relay: 2, accuracyMetres: 4, rssiDbm: -91 };
    const atOnce = estimateOf([old, { ...vague, seenAt: NOON }]).accuracyMetres;
    expect(estimateOf([old, vague]).accuracyMetres).toBeGreaterThan(2 * atOnce);
    expect(estimateOf([vague, { ...old, seenAt: NOON + 150 }]).accuracyMetres).toBe(atOnce);
  });

  it("says how many are elsewhere, and never lies between two that contradict each other", () => {
    const far = { northMetres: 5000, seenAt: NOON + 1, relay: 2 };
    const estimate = estimateOf([{ seenAt: NOON, relay: 1 }, far]);
    expect(estimate).toMatchObject({ relays: 1, relaysDisagreeing: 1 });
    const [error, fromFar] = [errorOf(estimate), Math.abs(errorOf(estimate) - 5000)];
    expect(Math.min(error, fromFar)).toBeLessThan(1);
  });

  it("works across the antimeridian and at the pole", () => {
    const sea = [179.9999, -179.9999].map((longitude, relay) => ({
      seenAt: NOON,
      relay,
      latitude: 5,
      longitude,
    }));
    expect(Math.abs(estimateOf(sea).longitude)).toBeCloseTo(180, 6);
    const ice = [0, 90, 180, -90].map((longitude, relay) => ({
      seenAt: NOON,
      relay,
      latitude: 89.9999,
      longitude,
    }));
    expect(estimateOf(ice)).toMatchObject({ relays: 4, relaysDisagreeing: 0 });
    expect(estimateOf(ice).latitude).toBeCloseTo(90, 6);
  });

  it.each([
    [RSSI_UNKNOWN, 80],
    [-127, 80],
    [20, 2],
  ])("takes a signal of %i dBm for %i m at most", (rssi, metres) => {
    expect(radioRange(rssi)).toBe(metres);
  });
});

describe("liars", () => {
  /** Stands within the accuracy it states. */
  const honestRelay = fc
    .record({
      bearing: fc.double({ min: 0, max: 2 * Math.PI, noNaN: true }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      accuracyMetres: fc.integer({ min: 5, max: 40 }),
      rssiDbm: fc.integer({ min: -95, max: -50 }),
    })
    .map(({ bearing, share, ...relay }) => ({
      ...relay,
      northMetres: share * relay.accuracyMetres * Math.cos(bearing),
      eastMetres: share * relay.accuracyMetres * Math.sin(bearing),
    }));
  const liar = fc.record({
    latitude: fc.double({ min: -90, max: 90, noNaN: true }),
    longitude: fc.double({ min: -180, max: 180, noNaN: true }),
    accuracyMetres: fc.integer({ min: 0, max: 6553 }),
    rssiDbm: fc.integer({ min: -127, max: 20 }),
  });
  /** Beside the truth, where a pull is hardest to notice. */
  const nearLiar = fc.record({
    northMetres: fc.integer({ min: -3000, max: 3000 }),
    eastMetres: fc.integer({ min: -3000, max: 3000 }),
    accuracyMetres: fc.integer({ min: 0, max: 6553 }),
    rssiDbm: fc.integer({ min: -127, max: 20 }),
  });
  const heardBy = (relays: readonly Omit<Heard, "seenAt">[]): Heard[] =>
    relays.map((relay, index) => ({ ...relay, seenAt: NOON + index, relay: index }));

  it("fewer than half, wherever and with whatever claims, cannot carry the answer away", async () => {
    const honest = fc.array(honestRelay, { minLength: 2, maxLength: 12 });
    const liars = fc.array(fc.oneof(liar, nearLiar), { maxLength: 11 });
    // One honest relay at least is beside the anchor, and the answer is beside it too; honest sigmas are at most 46 m.
    const reach = 3 * Math.hypot(2 * 46, 2 * 46);
    await fc.assert(
      fc.property(honest, liars, (honestOnes, all) => {
        const lying = all.slice(0, honestOnes.length - 1);
        const estimate = estimateOf(heardBy([...lying, ...honestOnes]));
        expect(errorOf(estimate)).toBeLessThan(40 + 2 * reach);
        expect(estimate.relays).toBeGreaterThanOrEqual(honestOnes.length);
      }),
      effort(1000, 7),
    );
  });

  it("in one place do not win because the honest majority stands on two sides of the truth", () => {
    const honest = Array.from({ length: 12 }, (_, index) => ({
      northMetres: index % 2 === 0 ? 25 : -25,
      accuracyMetres: 25,
    }));
    const lying = Array.from({ length: 11 }, () => ({ eastMetres: 200, accuracyMetres: 25 }));
    const estimate = estimateOf(heardBy([...lying, ...honest]));
    expect(estimate).toMatchObject({ relays: 12, relaysDisagreeing: 11 });
    expect(errorOf(estimate)).toBeLessThan(1);
  });

  it("a third, all in one far place, do not move the answer at all", async () => {
    const honest = fc.array(honestRelay, { minLength: 4, maxLength: 12 });
    await fc.assert(
      fc.property(honest, liar, (honestOnes, lie) => {
        const count = Math.floor(honestOnes.length / 2);
        const lying = Array.from({ length: count }, () => lie);
        const estimate = estimateOf(heardBy([...honestOnes, ...lying]));
        const withoutThem = estimateOf(heardBy(honestOnes));
        fc.pre(metresBetween(directionOf(lie), TRUTH) > 30_000);
        expect(estimate).toMatchObject({
          latitude: withoutThem.latitude,
          longitude: withoutThem.longitude,
          relaysDisagreeing: count,
        });
      }),
      effort(400, 7),
    );
  });
});

describe("stated radius", () => {
  const random = seededRandom("radius");
  const uniform = (): number => randomFraction(random);
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

  /**
   * A relay 3 to 60 m away in any direction; its receiver errs by a normal distribution whose 68 % radius it states;
   * signal strength follows the path-loss model with 6 dB of shadowing.
   */
  function relayAround(relay: number, seenAt: number, northMetres: number): Heard {
    const [distance, bearing] = [3 + 57 * Math.sqrt(uniform()), 2 * Math.PI * uniform()];
    const accuracyMetres = 4 + 26 * uniform();
    const axis = accuracyMetres / 1.515;
    return {
      seenAt,
      relay,
      accuracyMetres,
      northMetres: northMetres + distance * Math.cos(bearing) + axis * normal(),
      eastMetres: distance * Math.sin(bearing) + axis * normal(),
      rssiDbm: Math.round(-59 - 23 * Math.log10(distance) + 6 * normal()),
    };
  }

  /**
   * Estimates of an accessory that goes north from here, each from relays that heard it at random times within
   * `overSeconds`: the share whose radius holds where it was when last heard, and the mean radius.
   */
  function rounds(
    relays: number,
    overSeconds: number,
    metresPerSecond: number,
  ): { readonly inside: number; readonly radius: number } {
    const count = 1000;
    let [inside, radius] = [0, 0];
    for (let round = 0; round < count; round++) {
      const heard = Array.from({ length: relays }, (_, relay) => {
        const later = Math.floor(overSeconds * uniform());
        return relayAround(relay, NOON + later, later * metresPerSecond);
      });
      const estimate = estimateOf(heard);
      const last = Math.max(...estimate.agreeing.map(({ sighting }) => sighting.seenAt)) - NOON;
      const north = HERE.latitude + (last * metresPerSecond) / 111_195;
      const truth = directionOf({ ...HERE, latitude: north });
      if (metresBetween(directionOf(estimate), truth) <= estimate.accuracyMetres) inside += 1;
      radius += estimate.accuracyMetres / count;
    }
    return { inside: inside / count, radius };
  }

  it.each([1, 2, 3, 5, 9])(
    "holds a resting accessory in at least 68 of 100 cases with %i relays, and is little wider over five minutes",
    (relays) => {
      const atOnce = rounds(relays, 1, 0);
      const overTime = rounds(relays, 300, 0);
      for (const { inside } of [atOnce, overTime]) {
        expect(inside).toBeGreaterThanOrEqual(0.68);
        expect(inside).toBeLessThan(0.98);
      }
      expect(overTime.radius).toBeLessThan(1.4 * atOnce.radius);
    },
  );

  it.each(
    [2, 3, 5, 9].flatMap((relays) => [0.5, 1, 1.4, 3].map((speed) => [relays, speed] as const)),
  )(
    "holds where it was when last heard, with %i relays while it moves at %f m/s",
    (relays, speed) => {
      expect(rounds(relays, 300, speed).inside).toBeGreaterThanOrEqual(0.62);
    },
  );
});
