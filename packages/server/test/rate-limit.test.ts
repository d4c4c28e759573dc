import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { SERVER_LIMITS } from "@glowworm/server";
import { beforeEach, describe, expect, it } from "vitest";
import { RateLimit } from "../src/http/rate-limit.ts";
import { crypto, NOON_MS } from "./support/fixtures.ts";

const RATE = { perMinute: 60, atOnce: 100 };
const DAY_MS = 86_400_000;

let clock: FakeClock;
let limit: RateLimit;
beforeEach(() => {
  clock = new FakeClock(NOON_MS);
  limit = new RateLimit(RATE, { clock, crypto, random: seededRandom("rate limit") });
});

describe("a rate limit", () => {
  it("gives a network what it may take at once, then names the seconds until there is more", () => {
    expect(limit.take("192.0.2", 100)).toBe(0);
    expect(limit.take("192.0.2", 1)).toBe(1);
    expect(limit.take("192.0.2", 64)).toBe(64);
    clock.advance(63_000);
    expect(limit.take("192.0.2", 64)).toBe(1);
    clock.advance(1000);
    expect(limit.take("192.0.2", 64)).toBe(0);
    expect(limit.take("192.0.2", 1)).toBe(1);
  });

  it("takes nothing when it refuses", () => {
    expect(limit.take("192.0.2", 90)).toBe(0);
    for (let attempt = 0; attempt < 50; attempt++) expect(limit.take("192.0.2", 20)).toBe(10);
    expect(limit.take("192.0.2", 10)).toBe(0);
  });

  it("saves up no more than may be taken at once, however long a network was silent", () => {
    limit.take("192.0.2", 50);
    clock.advance(DAY_MS / 2);
    expect(limit.take("192.0.2", 100)).toBe(0);
    expect(limit.take("192.0.2", 1)).toBe(1);
  });

  it("gives back what came to nothing", () => {
    limit.take("192.0.2", 36);
    limit.take("192.0.2", 64);
    limit.giveBack("192.0.2", 64);
    expect(limit.take("192.0.2", 65)).toBe(1);
    expect(limit.take("192.0.2", 64)).toBe(0);
  });

  it("lets a network that spent without asking wait until it has made up for that", () => {
    limit.spend("192.0.2", 400);
    expect(limit.take("192.0.2", 1)).toBe(301);
    clock.advance(301_000);
    expect(limit.take("192.0.2", 1)).toBe(0);
  });

  it("lets nobody pay for two hundred networks that take all they can", () => {
    for (let network = 0; network < 200; network++) limit.spend(`198.51.${network}`, 1e6);
    for (let network = 0; network < 5000; network++) {
      expect(limit.take(`10.${network >> 8}.${network & 255}`, 1)).toBe(0);
    }
  });

  it("knows nothing of the day before", () => {
    limit.spend("192.0.2", 1e6);
    clock.advance(DAY_MS - 1);
    expect(limit.take("192.0.2", 1)).toBeGreaterThan(0);
    clock.advance(1);
    expect(limit.take("192.0.2", 100)).toBe(0);
  });

  it("is none when it is infinite", () => {
    const rate = { perMinute: Number.POSITIVE_INFINITY, atOnce: Number.POSITIVE_INFINITY };
    const none = new RateLimit(rate, { clock, crypto, random: seededRandom("none") });
    for (let n = 0; n < 1000; n++) expect(none.take("192.0.2", 1e9)).toBe(0);
  });

  it("keeps what one network can add to an hour below a third of what owners read of one", () => {
    const { recordsPerMinute, recordsAtOnce } = SERVER_LIMITS;
    const rate = { perMinute: recordsPerMinute, atOnce: recordsAtOnce };
    const usual = new RateLimit(rate, { clock, crypto, random: seededRandom("usual") });
    let records = 0;
    for (let second = 0; second < 3600; second++) {
      while (usual.take("192.0.2", 64) === 0) records += 64;
      clock.advance(1000);
    }
    expect(records).toBeGreaterThan(60 * recordsPerMinute);
    expect(records).toBeLessThan((1024 * 256) / 3);
  });
});
