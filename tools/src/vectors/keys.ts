import {
  advanceSeed,
  blindingOf,
  type CryptoSuite,
  dayCardOf,
  deriveDayKeys,
  deriveDeviceKey,
  encodeCardFile,
  encodeDayShare,
  fromHex,
  H_CARDS,
  labelledHash,
  toHex,
} from "@glowworm/protocol";
import { bytesCases, cut, flipped, named, withByte, zeros } from "./cases.ts";
import type { CaseDraft, JsonObject } from "./model.ts";

const OWNER_KEY = named("owner key", 32);
const U32_MAX = 0xffffffff;

/** Section 3.1. */
export function timeCases(): readonly CaseDraft[] {
  const at = (id: string, comment: string, seconds: number): CaseDraft => ({
    id: `time-${id}`,
    spec: "3.1",
    comment,
    operation: "epochOf",
    expect: "ok",
    input: { at: seconds },
  });
  return [
    at("zero", "the first second of 1970", 0),
    at("last-of-epoch", "the last second of epoch 0", 299),
    at("first-of-epoch", "the first second of epoch 1", 300),
    at("last-of-minute", "the last second of minute 0", 59),
    at("first-of-minute", "the first second of minute 1", 60),
    at("last-of-day", "the last second of day 0", 86_399),
    at("first-of-day", "the first second of day 1", 86_400),
    at("ordinary", "an ordinary time", 1_767_225_725),
    at("u32-max", "the last second that a report can name", U32_MAX),
  ];
}

/** Sections 4.1 to 4.8. */
export function epochCases(): readonly CaseDraft[] {
  const derive = (id: string, spec: string, comment: string, over: JsonObject): CaseDraft => ({
    id: `epoch-${id}`,
    spec,
    comment,
    operation: "deriveEpoch",
    expect: "ok",
    input: { ownerKey: OWNER_KEY, deviceNumber: 1, day: 20_454, epoch: 3, minute: 2, ...over },
  });
  return [
    derive("worked-example", "11", "the worked example of the specification", {
      ownerKey: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    }),
    derive("device-zero", "4.1", "device number 0", { deviceNumber: 0 }),
    derive("device-above-2-31", "4.1", "a device number of 32 bits", { deviceNumber: 2 ** 31 }),
    derive("device-max", "4.1", "the largest device number", { deviceNumber: 2 ** 53 - 1 }),
    derive("day-zero", "4.2", "day 0", { day: 0 }),
    derive("day-next", "4.2", "the day after: nothing is shared with the day before", {
      day: 20_455,
    }),
    derive("day-max", "4.2", "the largest day a card can name", { day: U32_MAX }),
    derive("first", "4.4", "epoch 0: its seed is the day seed", { epoch: 0 }),
    derive("second", "4.4", "epoch 1: one step of the chain", { epoch: 1 }),
    derive("last", "4.4", "epoch 287: the end of the chain", { epoch: 287 }),
    derive("minute-first", "4.8", "the first minute of an epoch", { minute: 0 }),
    derive("minute-last", "4.8", "the last minute of an epoch", { minute: 4 }),
  ];
}

/** Section 4.7. */
export function agreementCases(crypto: CryptoSuite): readonly CaseDraft[] {
  const pairs: readonly [string, string, string, string][] = [
    ["ordinary", "random keys", named("blinding", 32), named("day key", 32)],
    ["zeros", "both secrets zero: clamping alone", zeros(32), zeros(32)],
    ["ones", "both secrets all ones", "ff".repeat(32), "ff".repeat(32)],
    ["mixed", "one of zeros, one of ones", zeros(32), "ff".repeat(32)],
    [
      "small-side",
      "the product has bit 254 clear: its negative is taken",
      named("b1", 32),
      named("d1", 32),
    ],
    [
      "large-side",
      "the product has bit 254 set: it is taken as it is",
      named("b6", 32),
      named("d6", 32),
    ],
  ];
  const scalars = pairs.map(
    ([id, comment, blinding, dayPrivateKey]): CaseDraft => ({
      id: `scalar-${id}`,
      spec: "4.7",
      comment,
      operation: "blindScalar",
      expect: "ok",
      input: { blinding, dayPrivateKey },
    }),
  );
  return [...scalars, ...pointCases(crypto)];
}

/** All u-coordinates of low order below 2^255, canonical or not (order 1, 2, 4 and 8, and of the twist). */
const LOW_ORDER_POINTS: Readonly<Record<string, string>> = {
  zero: zeros(32),
  one: `01${zeros(31)}`,
  "order-eight": "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "order-eight-other": "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "p-minus-one": `ec${"ff".repeat(30)}7f`,
  p: `ed${"ff".repeat(30)}7f`,
  "p-plus-one": `ee${"ff".repeat(30)}7f`,
};

function pointCases(crypto: CryptoSuite): readonly CaseDraft[] {
  const agree = (
    id: string,
    comment: string,
    enc: string,
    expect: CaseDraft["expect"] = "ok",
  ): CaseDraft => ({
    id: `agree-${id}`,
    spec: "4.7",
    comment,
    operation: "agree",
    expect,
    input: { blinding: named("blinding", 32), dayPrivateKey: named("day key", 32), enc },
  });
  const honest = toHex(crypto.x25519Base(fromHex(named("ephemeral", 32))));
  return [
    agree("honest", "a point a sender makes", honest),
    agree(
      "high-bit",
      "the top bit is ignored",
      withByte(honest, 31, (fromHex(honest)[31] ?? 0) | 128),
    ),
    agree("non-canonical", "u = 9 + p, which fits 255 bits", `f6${"ff".repeat(30)}7f`),
    ...Object.entries(LOW_ORDER_POINTS).flatMap(([name, point]) => [
      agree(`low-order-${name}`, "everybody knows the result", point, "weak-public-key"),
      agree(
        `low-order-${name}-high-bit`,
        "the same point with the top bit set",
        withByte(point, 31, (fromHex(point)[31] ?? 0) | 128),
        "weak-public-key",
      ),
    ]),
  ];
}

/** Sections 4.3 and 4.9. */
export function cardCases(crypto: CryptoSuite): readonly CaseDraft[] {
  const deviceKey = deriveDeviceKey(crypto, fromHex(OWNER_KEY), 1);
  const cards = [20_454, 20_455, 20_456].map((day) =>
    dayCardOf(crypto, deriveDayKeys(crypto, deviceKey, day)),
  );
  const createdAt = 1_767_225_600;
  const file = toHex(encodeCardFile(crypto, { createdAt, cards }));
  const one = toHex(encodeCardFile(crypto, { createdAt, cards: cards.slice(0, 1) }));
  const erased = file.slice(0, 2 * 76) + zeros(32) + file.slice(2 * 108);
  const decode = bytesCases("cards", "4.9", "decodeCardFile");
  const fields = cards.map(({ day, publicKey, seed }) => ({
    day,
    publicKey: toHex(publicKey),
    seed: toHex(seed),
  }));
  return [
    {
      id: "cards-encode",
      spec: "4.9",
      comment: "three days",
      operation: "encodeCardFile",
      expect: "ok",
      input: { createdAt, cards: fields },
    },
    decode("decode", "three days", file, "ok"),
    decode("one", "a single day", one, "ok"),
    decode("erased", "the first seed is erased: the checksum is not asked for", erased, "ok"),
    decode("empty", "no bytes", "", "truncated"),
    decode("cut-in-header", "the header ends early", cut(file, 39), "truncated"),
    decode("cut-in-card", "the last card ends early", cut(file, 40 + 3 * 68 - 1), "truncated"),
    decode("trailing", "one byte after the last card", `${file}00`, "trailing-bytes"),
    decode("other-magic", "another kind of file", flipped(file, 0), "bad-value"),
    decode("version", "version 2", withByte(file, 11, 2), "unsupported-version"),
    decode(
      "no-cards",
      "a count of zero, with the right checksum",
      rechecked(crypto, cut(withByte(file, 23, 0), 40)),
      "bad-value",
    ),
    decode("count-too-large", "one card more than there are", withByte(file, 23, 4), "truncated"),
    decode(
      "day-order",
      "a day comes twice",
      rechecked(crypto, withByte(file, 40 + 68 + 3, 0xe6)),
      "bad-value",
    ),
    decode(
      "day-gap",
      "a day is left out",
      rechecked(crypto, withByte(file, 40 + 68 + 3, 0xe8)),
      "bad-value",
    ),
    decode("check", "a bit of the checksum", flipped(file, 39), "bad-value"),
    decode("damaged-key", "a bit of a public key", flipped(file, 50), "bad-value"),
    decode("damaged-seed", "a bit of a seed", flipped(file, 90), "bad-value"),
    decode("created-at", "a bit of the time it was made", flipped(file, 15), "bad-value"),
  ];
}

/** The file with the checksum that its altered contents ask for, so that nothing else is wrong with it. */
function rechecked(crypto: CryptoSuite, file: string): string {
  const [head, body] = [cut(file, 24), file.slice(2 * 40)];
  return head + toHex(labelledHash(crypto, 16, H_CARDS, fromHex(head + body))) + body;
}

/** Section 4.10. */
export function shareCases(crypto: CryptoSuite): readonly CaseDraft[] {
  const deviceKey = deriveDeviceKey(crypto, fromHex(OWNER_KEY), 1);
  const keys = deriveDayKeys(crypto, deviceKey, 20_454);
  const share = toHex(encodeDayShare(keys));
  const decode = bytesCases("share", "4.10", "decodeDayShare");
  return [
    {
      id: "share-encode",
      spec: "4.10",
      comment: "one day",
      operation: "encodeDayShare",
      expect: "ok",
      input: { day: keys.day, privateKey: toHex(keys.privateKey), seed: toHex(keys.seed) },
    },
    decode("decode", "one day", share, "ok"),
    decode("empty", "no bytes", "", "truncated"),
    decode("cut", "one byte short", cut(share, 67), "truncated"),
    decode("trailing", "one byte more", `${share}00`, "trailing-bytes"),
  ];
}

/** An epoch for the cases of other files: its keys and its blinding. */
export function sampleEpoch(
  crypto: CryptoSuite,
  epoch: number,
): { readonly blinding: string; readonly dayPrivateKey: string; readonly publicKey: string } {
  const deviceKey = deriveDeviceKey(crypto, fromHex(OWNER_KEY), 1);
  const keys = deriveDayKeys(crypto, deviceKey, 20_454);
  const blinding = blindingOf(crypto, advanceSeed(crypto, keys.seed, 0, epoch));
  const publicKey = crypto.x25519(blinding, dayCardOf(crypto, keys).publicKey);
  return {
    blinding: toHex(blinding),
    dayPrivateKey: toHex(keys.privateKey),
    publicKey: toHex(publicKey),
  };
}
