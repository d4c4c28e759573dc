import { CARD_DAYS, dayOf, decodeCardFile, deriveDayKeys, loadCrypto } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { makeCardFile } from "../../src/keys/device-cards.ts";
import { NOON } from "../support/reports.ts";

const crypto = await loadCrypto();
const key = seededRandom("cards").bytes(32);

describe("card file", () => {
  const bytes = makeCardFile(crypto, key, NOON);

  it("holds ten years from today, as the beacon reads them", () => {
    const file = decodeCardFile(crypto, bytes);
    expect(file.createdAt).toBe(NOON);
    expect(file.cards).toHaveLength(CARD_DAYS);
    expect(file.cards[0]?.day).toBe(dayOf(NOON));
  });

  it("holds no private key", () => {
    const file = Buffer.from(bytes);
    expect(file.includes(Buffer.from(key))).toBe(false);
    for (let day = dayOf(NOON); day < dayOf(NOON) + 30; day++) {
      expect(file.includes(Buffer.from(deriveDayKeys(crypto, key, day).privateKey))).toBe(false);
    }
  });
});
