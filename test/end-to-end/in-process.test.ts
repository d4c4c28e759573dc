import type { FindResult } from "@glowworm/owner";
import { epochOf, toHex } from "@glowworm/protocol";
import { isNonResolvable } from "@glowworm/radio";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { degreesOf, distance, signalAt, spotOf } from "../support/ground.ts";
import { type Generation, generationsOf, keysOf, snippetsOf } from "../support/heard.ts";
import {
  FADING_DB,
  type Laptop,
  Network,
  RELAY_ACCURACY_METRES,
  type RelayPost,
} from "../support/network.ts";

/** Half a minute before an epoch ends. */
const START_MS = Date.UTC(2026, 10, 20, 12, 4, 30);
const ROTATION_MS = Date.UTC(2026, 10, 20, 12, 5);
const RUN_MS = 80_000;
/** Longest pause between two frames of a beacon. */
const FRAME_MS = 200;

let network: Network;
let laptops: readonly Laptop[];
let relays: readonly RelayPost[];
let found: readonly FindResult[];

beforeAll(async () => {
  network = await Network.open(START_MS, "in-process");
  const alice = network.addLaptop("alice", { x: 6, y: 0 });
  const bob = network.addLaptop("bob", { x: 45, y: 8 });
  relays = [
    await network.addRelay("corner", { x: 0, y: 0 }),
    await network.addRelay("station", { x: 50, y: 0 }),
  ];
  laptops = [alice, bob];
  for (const laptop of laptops) await network.startBeacon(laptop);
  await network.run(RUN_MS);
  found = await Promise.all(laptops.map((laptop) => network.find(laptop)));
});

afterAll(() => network.close());

describe("two laptops, two relays and a server", () => {
  it.each([0, 1])("show owner %i where and when the laptop was", (index) => {
    const { place } = resultOf(index);
    const laptop = laptopAt(index);
    if (place === null) throw new Error("nothing found");
    const error = distance(spotOf(place), laptop.spot);
    expect(error).toBeLessThanOrEqual(2 * place.accuracyMetres);
    expect(place.accuracyMetres).toBeLessThan(30);
    expect(place).toMatchObject({ grade: "on-time", relays: 2, relaysDisagreeing: 0 });
    expect(place.isTooFast).toBe(false);
    // The newest report is made once an epoch's key has settled, soon after the rotation.
    expect(place.seenAt * 1000).toBeGreaterThanOrEqual(ROTATION_MS);
    expect(place.seenAt * 1000).toBeLessThan(ROTATION_MS + 10_000);
  });

  it.each([0, 1])("bring owner %i one report of each relay and epoch", (index) => {
    const { reports, refused } = resultOf(index);
    const names = reports.map(({ sighting, epoch }) => {
      return `${relayAt(sighting).name} ${epoch.epoch}`;
    });
    const before = epochOf(START_MS / 1000).epoch;
    const expected = relays.flatMap(({ name }) => [`${name} ${before}`, `${name} ${before + 1}`]);
    // A signal that came to be much stronger is a second report of the same relay and epoch.
    expect(new Set(names)).toEqual(new Set(expected));
    expect(refused).toEqual({ copies: 0, notOpening: 0, malformed: 0, fromTheFuture: 0 });
  });

  it.each([0, 1])("tell owner %i how loud the laptop was at each relay", (index) => {
    for (const { sighting } of resultOf(index).reports) {
      const expected = signalAt(distance(laptopAt(index).spot, relayAt(sighting).spot));
      expect(Math.abs(sighting.rssiDbm - expected)).toBeLessThanOrEqual(FADING_DB + 0.5);
      expect(sighting.accuracyDm).toBe(RELAY_ACCURACY_METRES * 10);
      expect(sighting.framesHeard).toBeGreaterThan(3);
    }
  });

  it("tell neither owner anything about the other's laptop", () => {
    const [alice, bob] = found.map(({ reports }) =>
      reports.map(({ sighting }) => toHex(sighting.stamp)),
    );
    expect(alice?.filter((stamp) => bob?.includes(stamp))).toEqual([]);
    expect((alice?.length ?? 0) + (bob?.length ?? 0)).toBe(network.acknowledged.length);
  });
});

describe("a rotation on the air", () => {
  it.each([0, 1])("changes address, tag, key and token of laptop %i in one step", (index) => {
    const [before, after, ...more] = heardFrom(index);
    if (before === undefined || after === undefined) throw new Error("no rotation");
    expect(more).toEqual([]);
    expect(before.lastMs).toBeLessThan(ROTATION_MS);
    expect(after.firstMs).toBeGreaterThanOrEqual(ROTATION_MS);
    expect(after.firstMs).toBeLessThanOrEqual(ROTATION_MS + 2 * FRAME_MS);
    for (const generation of [before, after]) {
      expect(new Set(generation.frames.map(({ tag }) => toHex(tag))).size).toBe(1);
      expect(keysOf(network.crypto, generation.frames).size).toBe(1);
    }
    const tokens = (generation: Generation): Set<string> =>
      new Set(generation.frames.map(({ token }) => toHex(token)));
    // Both lie within one minute.
    expect([tokens(before).size, tokens(after).size]).toEqual([1, 1]);
    expect([...tokens(before)].filter((token) => tokens(after).has(token))).toEqual([]);
  });

  it.each([0, 1])("keeps nothing of laptop %i but the header", (index) => {
    const [before, after] = heardFrom(index).map(snippetsOf);
    if (before === undefined || after === undefined) throw new Error("no rotation");
    expect(before.size).toBeGreaterThan(50);
    expect([...before].filter((snippet) => after.has(snippet))).toEqual([]);
  });

  it("is of advertisements that nobody can connect to or trace to a device", () => {
    const laptopRadios = laptops.map(({ radio }) => radio);
    expect(network.air.pdus.length).toBeGreaterThan(500);
    for (const pdu of network.air.pdus) {
      expect(laptopRadios.includes(pdu.from)).toBe(true);
      expect(pdu.type).toBe(3);
      expect(pdu.isRandomAddress && isNonResolvable(pdu.address)).toBe(true);
    }
  });
});

describe("a beacon that was killed", () => {
  it("ends at its next start what its radio went on saying, and goes on with the epoch", async () => {
    const own = await Network.open(START_MS, "killed");
    try {
      const laptop = own.addLaptop("carol", { x: 0, y: 0 });
      const kill = await own.startBeacon(laptop);
      await own.run(5000);
      kill();
      const killedMs = own.clock.nowMs();
      await own.run(5000);
      await own.startBeacon(laptop);
      const restartedMs = own.clock.nowMs();
      await own.run(5000);
      const [before, after, ...more] = generationsOf(own.air.pdus);
      expect(more).toEqual([]);
      expect(before?.lastMs).toBeGreaterThan(killedMs + 4000);
      expect(before?.lastMs).toBeLessThanOrEqual(restartedMs);
      expect(after?.firstMs).toBeGreaterThanOrEqual(restartedMs);
      expect(keysOf(own.crypto, after?.frames ?? [])).toEqual(
        keysOf(own.crypto, before?.frames ?? []),
      );
    } finally {
      await own.close();
    }
  });
});

function heardFrom(index: number): readonly Generation[] {
  const { radio } = laptopAt(index);
  return generationsOf(network.air.pdus.filter(({ from }) => from === radio));
}

function resultOf(index: number): FindResult {
  const result = found[index];
  if (result === undefined) throw new Error(`no owner ${index}`);
  return result;
}

function laptopAt(index: number): Laptop {
  const laptop = laptops[index];
  if (laptop === undefined) throw new Error(`no laptop ${index}`);
  return laptop;
}

function relayAt(place: { readonly latitudeE7: number; readonly longitudeE7: number }): RelayPost {
  const relay = relays.find(({ spot }) => {
    const { latitude, longitude } = degreesOf(spot);
    return (
      Math.round(latitude * 1e7) === place.latitudeE7 &&
      Math.round(longitude * 1e7) === place.longitudeE7
    );
  });
  if (relay === undefined) throw new Error("a report from nowhere");
  return relay;
}
