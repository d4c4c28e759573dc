import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import * as protocol from "../src/index.ts";
import { fromHex, loadCrypto, toHex } from "../src/index.ts";
import { publicOf, twoSteps } from "./reference/curve.ts";
import { halfSipWords, mayHave } from "./reference/filter.ts";
import { hexHash, kdf, labelled } from "./reference/hashes.ts";
import { integer, part, xor } from "./reference/hex.ts";
import { deriveEpoch, ids } from "./reference/keys.ts";
import {
  envelopeDigest,
  openInTwoSteps,
  relayMark,
  type SightingFields,
  sealEnvelope,
  sightingHex,
  stamp,
} from "./reference/reports.ts";
import { bytes, sightings } from "./support/samples.ts";
import { ALL_VECTORS, goodCases } from "./support/vectors.ts";

const crypto = await loadCrypto();

/** What the reference computes for one operation of the vectors, in part or in whole. */
type Recompute = (input: Fields) => Record<string, unknown>;

/** Inputs of vectors, whose types only the operation knows. */
type Fields = Readonly<
  Record<
    | "ownerKey"
    | "deviceNumber"
    | "day"
    | "epoch"
    | "minute"
    | "blinding"
    | "dayPrivateKey"
    | "enc"
    | "publicKey"
    | "relaySecret"
    | "key"
    | "sighting"
    | "putId"
    | "envelope"
    | "ephemeralSecret"
    | "a"
    | "b"
    | "createdAt"
    | "cards"
    | "privateKey"
    | "seed"
    | "random"
    | "arrivalStep"
    | "secret"
    | "bytes"
    | "probes",
    never
  >
>;

const RECOMPUTE: Readonly<Record<string, Recompute>> = {
  deriveEpoch: ({ ownerKey, deviceNumber, day, epoch, minute }) =>
    deriveEpoch(ownerKey, deviceNumber, day, epoch, minute),
  agree: ({ blinding, dayPrivateKey, enc }) => ({ dh: twoSteps(blinding, dayPrivateKey, enc) }),
  blindScalar: ({ blinding, dayPrivateKey }) => ({ scalar: scalarOf(blinding, dayPrivateKey) }),
  ids: ({ publicKey }) => ids(publicKey),
  decodeUploadBatch: ({ bytes: record }) => ({
    lastStorable: labelled(16, "glowworm/1 get", part(record, 0, 32)) + part(record, 32, 113),
  }),
  relayMark: ({ relaySecret, publicKey }) => ({ relayMark: relayMark(relaySecret, publicKey) }),
  stamp: ({ key, sighting, putId }) => ({ stamp: stamp(key, sighting, putId) }),
  envelopeDigest: ({ envelope }) => ({ digest: envelopeDigest(envelope) }),
  encodeSighting: ({ sighting }) => ({ bytes: sightingHex(sighting) }),
  seal: ({ ephemeralSecret, publicKey, sighting }) => ({
    envelope: sealEnvelope(ephemeralSecret, publicKey, sightingHex(sighting)),
  }),
  joinPieces: ({ a, b }) => ({ publicKey: joined(a, b) }),
  encodeCardFile: ({ createdAt, cards }) => ({ bytes: cardFile(createdAt, cards) }),
  encodeDayShare: ({ day, privateKey, seed }) => ({ bytes: integer(day, 4) + privateKey + seed }),
  encodeInvite: ({ secret }) => ({
    text: `glowworm-invite-${secret}${labelled(16, "glowworm/1 invite check", secret).slice(0, 8)}`,
    kept: labelled(32, "glowworm/1 invite hash", secret),
  }),
  encodeManifest: (input) => {
    const manifest = manifestHex(input);
    return { bytes: manifest, hash: labelled(32, "glowworm/1 manifest", manifest) };
  },
  decodeFilter: ({ bytes: filter, probes }) => ({
    hash: labelled(32, "glowworm/1 filter", filter),
    has: (probes as readonly { getId: string }[]).map(({ getId }) =>
      Number(mayHave(filter, getId)),
    ),
  }),
  paddingRecord: ({ random, arrivalStep }) => ({
    bytes: `${part(random, 32, 16)}01${publicOf(part(random, 0, 32))}${part(random, 48, 80)}${integer(arrivalStep, 4)}`,
  }),
};

describe("the reference implementation", () => {
  it.each(Object.keys(RECOMPUTE))("agrees with every vector of %s", (operation) => {
    const cases = goodCases(operation);
    expect(cases).not.toEqual([]);
    for (const { id, input, intermediate, output } of cases) {
      const recomputed = RECOMPUTE[operation]?.(input as unknown as Fields) ?? {};
      const stated = { ...intermediate, ...output };
      const common = Object.keys(recomputed).filter((name) => name in stated);
      expect(common.length, id).toBeGreaterThan(0);
      for (const name of common) expect(recomputed[name], `${id} ${name}`).toEqual(stated[name]);
    }
  });

  it("opens and refuses in two steps what the vectors say", () => {
    const cases = ALL_VECTORS.filter(
      ({ operation, expect }) => operation === "open" && (expect === "ok" || expect === "null"),
    );
    expect(cases.length).toBeGreaterThan(5);
    for (const { id, input, output } of cases) {
      const { blinding, dayPrivateKey, envelope } = input as unknown as Fields;
      const sighting = output?.["sighting"] as SightingFields | undefined;
      const expected = sighting === undefined ? null : sightingHex(sighting);
      expect(openInTwoSteps(blinding, dayPrivateKey, envelope), id).toBe(expected);
    }
  });

  it("refuses the low-order points of the vectors in two steps as well", () => {
    const weak = ALL_VECTORS.filter(
      ({ operation, expect }) => operation === "agree" && expect === "weak-public-key",
    );
    expect(weak.length).toBe(14);
    for (const { input } of weak) {
      const { blinding, dayPrivateKey, enc } = input as unknown as Fields;
      expect(twoSteps(blinding, dayPrivateKey, enc)).toBeNull();
    }
  });

  it("derives the same as the code from random keys", () => {
    const inputs = fc.tuple(
      bytes(32),
      fc.nat(Number.MAX_SAFE_INTEGER),
      fc.nat(0xffffffff),
      fc.nat(287),
      fc.nat(4),
    );
    fc.assert(
      fc.property(inputs, ([ownerKey, deviceNumber, day, epoch, minute]) => {
        const expected = deriveEpoch(toHex(ownerKey), deviceNumber, day, epoch, minute);
        const deviceKey = protocol.deriveDeviceKey(crypto, ownerKey, deviceNumber);
        const keys = protocol.deriveDayKeys(crypto, deviceKey, day);
        const card = protocol.dayCardOf(crypto, keys);
        const seed = protocol.advanceSeed(crypto, keys.seed, 0, epoch);
        const publicKey = protocol.epochPublicKey(crypto, seed, card.publicKey);
        expect(toHex(card.publicKey)).toBe(expected["dayPublicKey"]);
        expect(toHex(publicKey)).toBe(expected["publicKey"]);
        expect(toHex(protocol.minuteToken(crypto, seed, minute))).toBe(expected["token"]);
        const putId = protocol.putIdOf(crypto, publicKey);
        expect(toHex(protocol.getIdOf(crypto, putId))).toBe(expected["getId"]);
      }),
      effort(30, 1),
    );
  });

  it("opens what the code seals, and the code opens what the reference seals", () => {
    fc.assert(
      fc.property(bytes(32), bytes(32), bytes(32), sightings, (r, d, ephemeral, sighting) => {
        const privateKey = protocol.blindScalar(r, d);
        const opener = protocol.epochOpener(crypto, privateKey);
        const plaintext = toHex(protocol.encodeSighting(sighting));
        const ours = protocol.sealSighting(crypto, ephemeral, opener.publicKey, sighting);
        const theirs = sealEnvelope(toHex(ephemeral), toHex(opener.publicKey), plaintext);
        expect(toHex(ours)).toBe(theirs);
        expect(openInTwoSteps(toHex(r), toHex(d), toHex(ours))).toBe(plaintext);
        expect(protocol.openEnvelope(crypto, opener, ours)).toEqual(sighting);
      }),
      effort(50, 2),
    );
  });
});

describe("BLAKE2b", () => {
  it("agrees with an independent library, keyed or not, at every length", () => {
    const lengths = fc.integer({ min: 16, max: 64 });
    const keys = fc.option(fc.uint8Array({ minLength: 16, maxLength: 64 }), { nil: undefined });
    fc.assert(
      fc.property(lengths, fc.uint8Array({ maxLength: 300 }), keys, (length, message, key) => {
        const expected = hexHash(length, toHex(message), key && toHex(key));
        expect(toHex(crypto.blake2b(length, message, key))).toBe(expected);
      }),
      effort(200, 3),
    );
  });

  it.each([65_535, 65_536, 65_537, 131_072, 200_001])("agrees on %s bytes", (size) => {
    const message = Uint8Array.from({ length: size }, (_item, at) => at ^ (at >> 8));
    const key = message.slice(0, 32);
    expect(toHex(crypto.blake2b(32, message))).toBe(hexHash(32, toHex(message)));
    expect(toHex(crypto.blake2b(32, message, key))).toBe(hexHash(32, toHex(message), toHex(key)));
  });

  it("forgets the key of the hash before", () => {
    const message = protocol.ascii("abc");
    const unkeyed = crypto.blake2b(32, message);
    crypto.blake2b(32, message, new Uint8Array(64).fill(7));
    expect(crypto.blake2b(32, message)).toEqual(unkeyed);
  });

  it.each([0, 15, 65, 16.5])("does not come in %s bytes", (length) => {
    expect(() => crypto.blake2b(length, new Uint8Array())).toThrow("blake2b.length");
    expect(() => crypto.blake2b(16, new Uint8Array(), new Uint8Array(65))).toThrow("blake2b.key");
  });

  it("gives the digest of RFC 7693 appendix A", () => {
    expect(toHex(crypto.blake2b(64, protocol.ascii("abc")))).toBe(
      "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1" +
        "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
    );
  });

  it("is crypto_kdf with the number as salt and the context as personalisation", () => {
    const ids = fc.oneof(
      fc.constantFrom(0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER),
      fc.nat(Number.MAX_SAFE_INTEGER),
    );
    fc.assert(
      fc.property(bytes(32), ids, fc.constantFrom("gw1chain", "gw1devic"), (key, id, context) => {
        expect(toHex(crypto.kdf(key, id, context))).toBe(kdf(toHex(key), id, context));
      }),
      effort(200, 4),
    );
  });

  it.each([-1, 1.5, 2 ** 53, Number.NaN])("refuses %s as the number of a key", (id) => {
    expect(() => crypto.kdf(new Uint8Array(32), id, "gw1chain")).toThrow(protocol.UsageError);
  });
});

describe("the words of an id", () => {
  it("begin with HalfSipHash-2-4 as its authors publish it", () => {
    const words = halfSipWords("0001020304050607", "000102030405060708090a0b0c0d0e0f");
    const littleEndian = words.map((word) => toHex(fromHex(integer(word, 4)).reverse()));
    expect(littleEndian.slice(0, 2).join("")).toBe("7336aad25f7bf3b5");
  });
});

/** 8 ((r d / 8) mod l) or its negative, by the book. */
function scalarOf(blinding: string, dayPrivateKey: string): string {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const top = 2n ** 254n;
  const clamped = (secret: string) =>
    (BigInt(`0x${toHex(fromHex(secret).reverse())}`) % top) -
    (BigInt(`0x${secret.slice(0, 2)}`) % 8n) +
    top;
  const product = (clamped(blinding) * clamped(dayPrivateKey)) % (8n * order);
  const scalar = product < top ? 8n * order - product : product;
  return toHex(fromHex(scalar.toString(16).padStart(64, "0")).reverse());
}

function joined(a: string, b: string): string {
  const kindOf = (frame: string) => (Number.parseInt(frame.slice(0, 2), 16) >> 3) & 3;
  const byKind = new Map([a, b].map((frame) => [kindOf(frame), part(frame, 7, 16)]));
  const mixed = byKind.get(2) ?? "";
  const first = byKind.get(0) ?? xor(mixed, byKind.get(1) ?? "");
  const second = byKind.get(1) ?? xor(mixed, byKind.get(0) ?? "");
  return first + second;
}

function cardFile(
  createdAt: number,
  cards: readonly { day: number; publicKey: string; seed: string }[],
): string {
  const magic = Buffer.from("glowcard").toString("hex");
  const body = cards.map((card) => integer(card.day, 4) + card.publicKey + card.seed).join("");
  const head = `${magic}00000001${integer(createdAt, 4)}${integer(cards[0]?.day ?? 0, 4)}${integer(cards.length, 4)}`;
  return head + labelled(16, "glowworm/1 cards", head + body) + body;
}

function manifestHex(input: object): string {
  const { hour, recordCount, previous, filter, pages } = input as {
    hour: number;
    recordCount: number;
    previous: string;
    filter: string;
    pages: readonly { firstId: string; lastId: string; hash: string }[];
  };
  const entries = pages.map((page) => page.firstId + page.lastId + page.hash);
  const counts = integer(hour, 4) + integer(recordCount, 4) + integer(pages.length, 4);
  return `01${counts}${previous}${filter}${entries.join("")}`;
}
