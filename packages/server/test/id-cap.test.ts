import { ascii, concat, hashId } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { IdCap } from "../src/id-cap.ts";
import { crypto } from "./support/fixtures.ts";

const HOUR = 498_660;
const RECORDS_PER_ID_MAX = 64;
const random = seededRandom("id cap");

function capOf(seed: string): IdCap {
  return new IdCap(RECORDS_PER_ID_MAX, crypto, seededRandom(seed));
}

function repeated(id: Uint8Array, times: number): Uint8Array {
  return concat(...Array.from({ length: times }, () => id));
}

/** Four ids, each of which shares one of its four places with the victim, for who knows the key of the hour. */
function neighboursOf(key: Uint8Array, prefix: string, victim: Uint8Array): readonly Uint8Array[] {
  const seed = crypto.blake2b(16, ascii(prefix), key).slice(8);
  const words = new Uint32Array(2);
  const places = new Uint16Array(words.buffer);
  hashId(seed, victim, 0, words);
  return Array.from(places.slice(), (sought, row) => {
    const source = seededRandom(`neighbours ${row}`);
    for (;;) {
      const ids = source.bytes(4096 * 16);
      for (let at = 0; at < ids.length; at += 16) {
        hashId(seed, ids, at, words);
        if (places[row] === sought) return ids.slice(at, at + 16);
      }
    }
  });
}

/** How many of `tries` single uploads pass. */
function passing(cap: IdCap, prefix: string, id: Uint8Array, tries: number): number {
  let passed = 0;
  for (let attempt = 0; attempt < tries; attempt++) {
    if (cap.reserve(HOUR, prefix, id) !== null) passed += 1;
  }
  return passed;
}

describe("the cap per id and network", () => {
  it("lets exactly 64 records of an id pass", () => {
    expect(passing(capOf("exact"), "192.0.2", random.bytes(16), 200)).toBe(RECORDS_PER_ID_MAX);
  });

  it("counts a batch whole or not at all", () => {
    const cap = capOf("batch");
    const [full, other] = [random.bytes(16), random.bytes(16)];
    expect(passing(cap, "192.0.2", full, 60)).toBe(60);
    expect(cap.reserve(HOUR, "192.0.2", concat(other, full, full, full, full, full))).toBeNull();
    expect(passing(cap, "192.0.2", full, 10)).toBe(4);
    expect(passing(cap, "192.0.2", other, 100)).toBe(RECORDS_PER_ID_MAX);
  });

  it("counts back what is released, and nothing of an hour that has passed", () => {
    const cap = capOf("release");
    const id = random.bytes(16);
    const first = cap.reserve(HOUR, "192.0.2", repeated(id, 64));
    first?.release();
    expect(passing(cap, "192.0.2", id, 100)).toBe(RECORDS_PER_ID_MAX);
    const late = cap.reserve(HOUR + 1, "192.0.2", id);
    expect(cap.reserve(HOUR + 2, "192.0.2", repeated(id, 64))).not.toBeNull();
    late?.release();
    expect(cap.reserve(HOUR + 2, "192.0.2", id)).toBeNull();
  });

  it("keeps every id open to 200 other networks while one network floods with all it has", () => {
    const cap = capOf("flood");
    const victim = random.bytes(16);
    for (let upload = 0; upload < 5000; upload++) {
      cap.reserve(HOUR, "192.0.2", repeated(random.bytes(16), 64));
    }
    expect(passing(cap, "192.0.2", victim, 100)).toBeLessThanOrEqual(RECORDS_PER_ID_MAX);
    for (let network = 0; network < 200; network++) {
      expect(passing(cap, `198.51.${network}`, victim, 1)).toBe(1);
    }
  });

  it("refuses no honest network that uploads a hundred thousand ids in an hour", () => {
    const cap = capOf("honest");
    let refused = 0;
    for (let upload = 0; upload < 2000; upload++) {
      if (cap.reserve(HOUR, "192.0.2", random.bytes(50 * 16)) === null) refused += 1;
    }
    expect(refused).toBe(0);
  });

  it("chooses places that only who knows the key can choose, and other ones for each network and hour", () => {
    const key = seededRandom("known key").bytes(32);
    const victim = random.bytes(16);
    const neighbours = neighboursOf(key, "192.0.2", victim);
    const isOpenAfter = (hour: number, prefix: string): boolean => {
      const cap = capOf("known key");
      if (hour !== HOUR) cap.reserve(HOUR, prefix, victim);
      for (const id of neighbours) cap.reserve(hour, prefix, repeated(id, RECORDS_PER_ID_MAX));
      return cap.reserve(hour, prefix, victim) !== null;
    };
    expect(isOpenAfter(HOUR, "192.0.2")).toBe(false);
    expect(isOpenAfter(HOUR + 1, "192.0.2")).toBe(true);
    expect(isOpenAfter(HOUR, "198.51.100")).toBe(true);
  });
});
