import { type RandomSource, randomFraction } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import { type Offer, POLICY_LIMITS, ReportPolicy } from "../src/policy.ts";
import { START_MS } from "./support/beacons.ts";

const MINUTE_MS = 60_000;

function offer(change: Partial<Offer> = {}): Offer {
  return { id: "a", accuracyDm: 400, rssiDbm: -80, ...change };
}

describe("a second report of an id", () => {
  it.each([
    ["nothing changed", {}, "same"],
    ["accuracy halved and 20 m better", { accuracyDm: 200 }, "better"],
    ["accuracy a decimetre short of half", { accuracyDm: 201 }, "same"],
    ["signal 15 dB stronger", { rssiDbm: -65 }, "better"],
    ["signal 14 dB stronger", { rssiDbm: -66 }, "same"],
    ["signal now unknown", { rssiDbm: null }, "same"],
    ["accuracy worse, signal weaker", { accuracyDm: 4000, rssiDbm: -99 }, "same"],
  ] as const)("%s: %s", (_case, change, expected) => {
    const policy = new ReportPolicy(seededRandom(1));
    expect(policy.decide(offer(), START_MS)).toBe("first");
    expect(policy.decide(offer(change), START_MS + 1000)).toBe(expected);
  });

  it("wants ten metres gained, not only half the radius", () => {
    const policy = new ReportPolicy(seededRandom(1));
    policy.decide(offer({ accuracyDm: 180 }), START_MS);
    expect(policy.decide(offer({ accuracyDm: 81 }), START_MS)).toBe("same");
    expect(policy.decide(offer({ accuracyDm: 80 }), START_MS)).toBe("better");
  });

  it("does not take a first signal strength for an improvement", () => {
    const policy = new ReportPolicy(seededRandom(1));
    policy.decide(offer({ rssiDbm: null }), START_MS);
    expect(policy.decide(offer({ rssiDbm: -20 }), START_MS)).toBe("same");
  });

  it("is the last one, whatever improves", () => {
    const policy = new ReportPolicy(seededRandom(1));
    policy.decide(offer(), START_MS);
    expect(policy.decide(offer({ rssiDbm: -60 }), START_MS)).toBe("better");
    expect(policy.decide(offer({ rssiDbm: -20, accuracyDm: 1 }), START_MS)).toBe("same");
  });

  it("comes after ten minutes for an id that is still on the air", () => {
    const policy = new ReportPolicy(seededRandom(1));
    policy.decide(offer(), START_MS);
    expect(policy.decide(offer(), START_MS + 10 * MINUTE_MS - 1)).toBe("same");
    expect(policy.decide(offer(), START_MS + 10 * MINUTE_MS)).toBe("first");
  });
});

describe("many new ids", () => {
  it("takes the first 20 of a minute", () => {
    const policy = new ReportPolicy(seededRandom(2));
    const verdicts = Array.from({ length: 20 }, (_, n) =>
      policy.decide(offer({ id: `${n}` }), START_MS),
    );
    expect(verdicts).toEqual(Array(20).fill("first"));
  });

  it("gives a flood no more than the logarithm says", () => {
    const policy = new ReportPolicy(seededRandom(3));
    let reported = 0;
    for (let n = 0; n < 2000; n++) {
      if (policy.decide(offer({ id: `${n}` }), START_MS) === "first") reported++;
    }
    // 20 and 20 ln(2000 / 20) = 112 expected.
    expect(reported).toBeGreaterThan(80);
    expect(reported).toBeLessThan(150);
  });

  it("does not draw twice in one minute for an id that lost", () => {
    const policy = new ReportPolicy(seededRandom(4), { ...POLICY_LIMITS, newIdsPerMinute: 0 });
    policy.decide(offer(), START_MS);
    for (let n = 0; n < 100; n++) expect(policy.decide(offer(), START_MS + n)).toBe("sampled-out");
  });

  it("reports a crowd of 100 that rotates at one moment within its epoch", () => {
    const policy = new ReportPolicy(seededRandom(5));
    const reported = new Set<number>();
    for (let second = 0; second < 300; second++) {
      for (let n = 0; n < 100; n++) {
        const verdict = policy.decide(offer({ id: `${n}` }), START_MS + second * 1000);
        if (verdict === "first") reported.add(n);
      }
    }
    expect(reported.size).toBe(100);
  });

  it("remembers no more ids than its limits, of 200,000", () => {
    const policy = new ReportPolicy(seededRandom(6));
    let most = 0;
    for (let n = 0; n < 200_000; n++) {
      policy.decide(offer({ id: `${n}` }), START_MS + n);
      most = Math.max(most, policy.size);
    }
    expect(most).toBeGreaterThan(POLICY_LIMITS.ids);
    expect(most).toBeLessThanOrEqual(2 * POLICY_LIMITS.ids);
    const all = new ReportPolicy(seededRandom(6), { ...POLICY_LIMITS, newIdsPerMinute: 200_000 });
    for (let n = 0; n < 200_000; n++) all.decide(offer({ id: `${n}` }), START_MS + n);
    expect(all.size).toBe(POLICY_LIMITS.ids);
  });

  it("do not push out what was reported: a beacon beside 30 invented ones a second", () => {
    const policy = new ReportPolicy(seededRandom(7));
    expect(policy.decide(offer(), START_MS)).toBe("first");
    for (let n = 0; n < 30 * 599; n++) {
      policy.decide(offer({ id: `${n}` }), START_MS + n * 33);
      if (n % 30 === 0) expect(policy.decide(offer(), START_MS + n * 33)).toBe("same");
    }
  });

  it.each([
    [2, 85, 100],
    [10, 40, 70],
    [300, 1, 15],
  ])(
    "%i s between two hearings of a beacon beside 30 invented ones a second: %i to %i of 100 epochs are reported",
    (gap, min, max) => {
      const random = seededRandom(`flood ${gap}`);
      const epochs = Array.from({ length: 100 }, () => isReportedBesideFlood(random, gap));
      const reported = epochs.filter((is) => is).length;
      expect(reported).toBeGreaterThanOrEqual(min);
      expect(reported).toBeLessThanOrEqual(max);
    },
  );
});

/** Whether a beacon heard every `gap` seconds of an epoch is reported, when 30 new ids come in each of its seconds. */
function isReportedBesideFlood(random: RandomSource, gap: number): boolean {
  const policy = new ReportPolicy(random);
  const phase = Math.floor(randomFraction(random) * gap * 30);
  let isReported = false;
  for (let n = 0; n < 30 * 300; n++) {
    const atMs = START_MS + (n * 1000) / 30;
    policy.decide(offer({ id: `${n}` }), atMs);
    const isHeard = n % (gap * 30) === phase;
    if (isHeard && policy.decide(offer({ id: "beacon" }), atMs) === "first") isReported = true;
  }
  return isReported;
}

it("never reports an id more than twice in ten minutes, whatever is offered", () => {
  const accuracy = fc.integer({ min: 0, max: 65_535 });
  const rssi = fc.option(fc.integer({ min: -127, max: 20 }));
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 7 }), accuracy, rssi), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(steps, fc.integer(), (offers, seed) => {
      const random = seededRandom(seed);
      const policy = new ReportPolicy(random);
      const reports = new Map<number, number>();
      let atMs = START_MS;
      for (const [id, accuracyDm, rssiDbm] of offers) {
        atMs += randomFraction(random) * 2900;
        const verdict = policy.decide({ id: `${id}`, accuracyDm, rssiDbm }, atMs);
        if (verdict === "first" || verdict === "better") {
          reports.set(id, (reports.get(id) ?? 0) + 1);
        }
      }
      expect(Math.max(0, ...reports.values())).toBeLessThanOrEqual(2);
    }),
    effort(300, 13),
  );
});
