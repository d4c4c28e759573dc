import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import {
  advanceSeed,
  blindingOf,
  type CryptoSuite,
  dayCardOf,
  decodeDayShare,
  deriveDayKeys,
  deriveDeviceKey,
  encodeDayShare,
  epochOpener,
  epochPrivateKey,
  epochPublicKey,
  getIdOf,
  loadCrypto,
  minuteToken,
  nextSeed,
  openEnvelope,
  putIdOf,
  sealSighting,
  tagOf,
  toHex,
  UsageError,
} from "../src/index.ts";
import { seededRandom } from "../src/testing/index.ts";
import { isTotal } from "./support/refusal.ts";
import { anyBytes, bytes, sightings } from "./support/samples.ts";

const crypto = await loadCrypto();
const random = seededRandom("key tests");
const aliceKey = random.bytes(32);
const laptop = deriveDeviceKey(crypto, aliceKey, 1);
const monday = deriveDayKeys(crypto, laptop, 20_455);
const tuesday = deriveDayKeys(crypto, laptop, 20_456);

describe("the key schedule", () => {
  it("gives a day 288 keys, tags and ids that are all different", () => {
    const card = dayCardOf(crypto, monday);
    const seen = new Set<string>();
    let seed = monday.seed;
    for (let epoch = 0; epoch < 288; epoch++) {
      const publicKey = epochPublicKey(crypto, seed, card.publicKey);
      const putId = putIdOf(crypto, publicKey);
      for (const value of [publicKey, tagOf(crypto, publicKey), putId, getIdOf(crypto, putId)]) {
        seen.add(toHex(value));
      }
      seed = nextSeed(crypto, seed);
    }
    expect(seen.size).toBe(4 * 288);
  });

  it("advances one step at a time, and not at all backwards", () => {
    const stepped = nextSeed(crypto, nextSeed(crypto, monday.seed));
    expect(advanceSeed(crypto, monday.seed, 0, 2)).toEqual(stepped);
    expect(advanceSeed(crypto, stepped, 2, 1)).toEqual(stepped);
  });

  it("keeps devices and days apart", () => {
    const phone = deriveDeviceKey(crypto, aliceKey, 2);
    const values = [
      laptop,
      phone,
      monday.privateKey,
      monday.seed,
      tuesday.privateKey,
      tuesday.seed,
    ];
    expect(new Set(values.map(toHex)).size).toBe(values.length);
  });

  it("has five tokens an epoch, and no sixth", () => {
    const tokens = [0, 1, 2, 3, 4].map((minute) => toHex(minuteToken(crypto, monday.seed, minute)));
    expect(new Set(tokens).size).toBe(5);
    for (const minute of [-1, 5, 0.5, 256, Number.NaN]) {
      expect(() => minuteToken(crypto, monday.seed, minute)).toThrow(UsageError);
    }
  });
});

describe("a shared day", () => {
  it("is what was encoded", () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), bytes(32), bytes(32), (day, privateKey, seed) => {
        const keys = { day, privateKey, seed };
        expect(decodeDayShare(encodeDayShare(keys))).toEqual(keys);
      }),
      effort(100, 111),
    );
  });

  it("opens the reports of that day and none of the next", () => {
    const bob = decodeDayShare(encodeDayShare(monday));
    for (const epoch of [0, 1, 287]) {
      expect(opens(crypto, bob, monday, epoch)).toBe(true);
      expect(opens(crypto, bob, tuesday, epoch)).toBe(false);
    }
  });

  it("is decoded from arbitrary bytes or refused with a DecodeError", () => {
    fc.assert(
      fc.property(anyBytes(100), (data) => isTotal(() => decodeDayShare(data))),
      effort(500, 112),
    );
  });
});

describe("a day card with all that follows from it", () => {
  it("opens nothing: neither seed, blinding nor public key serves as private key", () => {
    const card = dayCardOf(crypto, monday);
    const seed = advanceSeed(crypto, card.seed, 0, 5);
    const publicKey = epochPublicKey(crypto, seed, card.publicKey);
    const [sighting] = fc.sample(sightings, { numRuns: 1, seed: 113 });
    const envelope = sealSighting(crypto, random.bytes(32), publicKey, sighting ?? missing());
    for (const held of [card.seed, card.publicKey, seed, blindingOf(crypto, seed), publicKey]) {
      const opener = { publicKey, agree: crypto.agreement(held) };
      expect(openEnvelope(crypto, opener, envelope)).toBeNull();
    }
  });
});

type DayKeys = typeof monday;

/** Whether somebody who holds the keys of one day opens what was sealed in an epoch of another. */
function opens(suite: CryptoSuite, held: DayKeys, heard: DayKeys, epoch: number): boolean {
  const seedOf = (keys: DayKeys) => advanceSeed(suite, keys.seed, 0, epoch);
  const publicKey = epochPublicKey(suite, seedOf(heard), dayCardOf(suite, heard).publicKey);
  const [sighting] = fc.sample(sightings, { numRuns: 1, seed: 114 });
  const envelope = sealSighting(suite, random.bytes(32), publicKey, sighting ?? missing());
  const opener = epochOpener(suite, epochPrivateKey(suite, seedOf(held), held.privateKey));
  return openEnvelope(suite, opener, envelope) !== null;
}

function missing(): never {
  throw new Error("no sample");
}
