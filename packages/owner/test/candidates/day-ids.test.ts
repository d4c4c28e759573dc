import {
  advanceSeed,
  dayCardOf,
  dayOf,
  deriveDayKeys,
  EPOCHS_PER_DAY,
  epochPublicKey,
  getIdOf,
  loadCrypto,
  putIdOf,
} from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../../test/support/effort.ts";
import { deriveDayIds, EpochKeys } from "../../src/candidates/day-ids.ts";
import { NOON } from "../support/reports.ts";

const crypto = await loadCrypto();
const key = seededRandom("day ids").bytes(32);
const TODAY = dayOf(NOON);

/** As the beacon makes it: from the card, with no private key in sight. */
function beaconKey(day: number, epoch: number): Uint8Array {
  const card = dayCardOf(crypto, deriveDayKeys(crypto, key, day));
  return epochPublicKey(crypto, advanceSeed(crypto, card.seed, 0, epoch), card.publicKey);
}

describe("ids of a day", () => {
  it("are those of the public keys that the beacon broadcasts, in every epoch", () => {
    const ids = deriveDayIds(crypto, key, TODAY);
    for (let epoch = 0; epoch < EPOCHS_PER_DAY; epoch++) {
      const expected = getIdOf(crypto, putIdOf(crypto, beaconKey(TODAY, epoch)));
      expect(ids.subarray(epoch * 16, epoch * 16 + 16)).toEqual(expected);
    }
  });
});

describe("epoch keys", () => {
  it("belong to the broadcast keys in whatever order they are asked for", async () => {
    const epoch = fc.record({
      day: fc.integer({ min: TODAY, max: TODAY + 1 }),
      epoch: fc.integer({ min: 0, max: 287 }),
    });
    await fc.assert(
      fc.property(fc.array(epoch, { maxLength: 6 }), (refs) => {
        const keys = new EpochKeys(crypto, key);
        for (const ref of refs) {
          const publicKey = crypto.x25519Base(keys.of(ref).privateKey);
          expect(publicKey).toEqual(beaconKey(ref.day, ref.epoch));
        }
      }),
      effort(30, 7),
    );
  });
});
