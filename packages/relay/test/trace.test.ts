import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { Trace } from "../src/trace.ts";
import { hearing, START_MS, TOKEN } from "./support/beacons.ts";

const OTHER = Uint8Array.of(9, 9, 9, 9);

describe("the token of a trace", () => {
  it("is the most frequent one of the minute, with the time at which it was last heard", () => {
    const trace = new Trace(hearing(START_MS, { token: OTHER }));
    trace.add(hearing(START_MS + 1000));
    trace.add(hearing(START_MS + 2000));
    trace.add(hearing(START_MS + 3000, { token: OTHER }));
    trace.add(hearing(START_MS + 4000));
    trace.add(hearing(START_MS + 5000, { token: OTHER.map((byte) => byte + 1) }));
    expect(trace.token.token).toEqual(TOKEN);
    expect(trace.token.count).toBe(3);
    expect(trace.token.last.atMs).toBe(START_MS + 4000);
  });

  it("is the new minute's as soon as one frame of it was heard", () => {
    const trace = new Trace(hearing(START_MS));
    for (let n = 1; n < 60; n++) trace.add(hearing(START_MS + n * 1000));
    trace.add(hearing(START_MS + 60_000, { token: OTHER }));
    expect(trace.token.token).toEqual(OTHER);
    expect(trace.token.last.atMs).toBe(START_MS + 60_000);
  });

  it("survives a flood of random tokens that is twice as loud", () => {
    const random = seededRandom("tokens");
    const trace = new Trace(hearing(START_MS));
    for (let n = 0; n < 3000; n++) {
      const token = n % 3 === 0 ? TOKEN : random.bytes(4);
      trace.add(hearing(START_MS + n, { token }));
    }
    expect(trace.token.token).toEqual(TOKEN);
  });

  it("comes from whichever of two joined traces is newer", () => {
    const early = new Trace(hearing(START_MS, { token: OTHER }));
    const late = new Trace(hearing(START_MS + 61_000));
    early.absorb(late);
    expect(early.token.token).toEqual(TOKEN);
    late.absorb(new Trace(hearing(START_MS, { token: OTHER })));
    expect(late.token.token).toEqual(TOKEN);
    expect(late.frames).toBe(2);
    expect(late.firstMs).toBe(START_MS);
  });

  it("adds up what two joined traces counted in one minute", () => {
    const trace = new Trace(hearing(START_MS, { token: OTHER }));
    trace.add(hearing(START_MS + 1, { token: OTHER }));
    const joined = new Trace(hearing(START_MS + 2));
    joined.absorb(trace);
    joined.absorb(new Trace(hearing(START_MS + 3, { token: OTHER })));
    expect(joined.token.token).toEqual(OTHER);
    expect(joined.token.count).toBe(3);
  });
});
