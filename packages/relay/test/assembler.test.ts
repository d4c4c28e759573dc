import {
  type CryptoSuite,
  decodeAdvertisement,
  type Frame,
  loadCrypto,
  type PieceKind,
  toHex,
} from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import { ASSEMBLER_LIMITS, Assembler } from "../src/assembler.ts";
import { freshKey, hearing, pieceFrame, START_MS, TOKEN, wholeFrame } from "./support/beacons.ts";

let crypto: CryptoSuite;
beforeAll(async () => {
  crypto = await loadCrypto();
});

const KINDS: readonly PieceKind[] = [0, 1, 2];

function hear(assembler: Assembler, frame: Frame, atMs = START_MS) {
  return assembler.hear(frame, hearing(atMs, { token: frame.token }));
}

describe("rebuilding keys", () => {
  it.each([
    [0, 1],
    [1, 0],
    [0, 2],
    [2, 0],
    [1, 2],
    [2, 1],
  ] as const)("makes a key of kinds %i and %i", (first, second) => {
    const key = freshKey(crypto, seededRandom("pair"));
    const assembler = new Assembler(crypto);
    expect(hear(assembler, pieceFrame(crypto, key, first))).toBeNull();
    expect(hear(assembler, pieceFrame(crypto, key, second))?.publicKey).toEqual(key);
  });

  it("makes a key of a whole frame at once", () => {
    const key = freshKey(crypto, seededRandom("whole"));
    expect(hear(new Assembler(crypto), wholeFrame(key))?.publicKey).toEqual(key);
  });

  it("does not make a key of one kind, however often it is heard", () => {
    const frame = pieceFrame(crypto, freshKey(crypto, seededRandom("one kind")), 1);
    const assembler = new Assembler(crypto);
    for (let n = 0; n < 20; n++) expect(hear(assembler, frame)).toBeNull();
  });

  it("rebuilds every key of which two intact kinds come through, and no other one", () => {
    const random = seededRandom("fifty");
    const keys = Array.from({ length: 50 }, () => freshKey(crypto, random));
    fc.assert(
      fc.property(fc.array(TRANSMISSION, { maxLength: 600, size: "max" }), (transmissions) => {
        const heard = withFewCorrupted(transmissions).filter(({ fate }) => fate !== "lost");
        expect(rebuilt(keys, heard)).toEqual(rebuildable(keys, heard));
      }),
      effort(200, 11),
    );
  });
});

/** With four or more of one kind in a row the newest four would all be junk; a test of its own is about that. */
const CORRUPTED_MAX = 3;
const TRANSMISSION = fc.record({
  beacon: fc.nat({ max: 49 }),
  kind: fc.constantFrom<PieceKind>(0, 1, 2),
  fate: fc.constantFrom<Fate>("intact", "intact", "doubled", "lost", "corrupted"),
  bit: fc.nat({ max: 127 }),
});
type Fate = "intact" | "doubled" | "lost" | "corrupted";
interface Transmission {
  readonly beacon: number;
  readonly kind: PieceKind;
  readonly fate: Fate;
  readonly bit: number;
}

function withFewCorrupted(transmissions: readonly Transmission[]): readonly Transmission[] {
  const counts = new Map<number, number>();
  return transmissions.map((transmission) => {
    if (transmission.fate !== "corrupted") return transmission;
    const count = (counts.get(transmission.beacon) ?? 0) + 1;
    counts.set(transmission.beacon, count);
    return count > CORRUPTED_MAX ? { ...transmission, fate: "intact" } : transmission;
  });
}

/** Keys, in hex, that the assembler makes of what is heard. */
function rebuilt(keys: readonly Uint8Array[], heard: readonly Transmission[]): readonly string[] {
  const assembler = new Assembler(crypto);
  const found = new Set<string>();
  for (const { beacon, kind, fate, bit } of heard) {
    const frame = pieceFrame(crypto, keys[beacon] ?? TOKEN, kind);
    const sent = fate === "corrupted" ? flipped(frame, bit) : frame;
    for (const copy of fate === "doubled" ? [sent, sent] : [sent]) {
      const key = hear(assembler, copy);
      if (key !== null) found.add(toHex(key.publicKey));
    }
  }
  return [...found].sort();
}

/** Keys, in hex, of which two intact kinds are heard. */
function rebuildable(
  keys: readonly Uint8Array[],
  heard: readonly Transmission[],
): readonly string[] {
  const intact = heard.filter(({ fate }) => fate !== "corrupted");
  const kindsOf = (beacon: number) =>
    new Set(intact.filter((one) => one.beacon === beacon).map(({ kind }) => kind));
  return keys
    .filter((_, beacon) => kindsOf(beacon).size >= 2)
    .map(toHex)
    .sort();
}

/** One bit of the piece turned over: whatever it is joined with, the tag no longer fits. */
function flipped(frame: Frame, bit: number): Frame {
  if (frame.type !== "piece") throw new Error("expected a piece");
  const piece = frame.piece.slice();
  piece[(bit >> 3) & 15] = (piece[(bit >> 3) & 15] ?? 0) ^ (1 << (bit & 7));
  return { ...frame, piece };
}

describe("hostile pieces", () => {
  it("rebuilds a key through junk under its tag, three pieces of every kind to one of its own", () => {
    const random = seededRandom("junk");
    const key = freshKey(crypto, random);
    const assembler = new Assembler(crypto);
    const junk = (kind: PieceKind): Frame => {
      const frame = pieceFrame(crypto, key, kind);
      return { ...frame, piece: random.bytes(16) } as Frame;
    };
    for (let n = 0; n < 100; n++) for (const kind of KINDS) hear(assembler, junk(kind));
    expect(hear(assembler, pieceFrame(crypto, key, 0))).toBeNull();
    for (let n = 0; n < 3; n++) for (const kind of KINDS) hear(assembler, junk(kind));
    expect(hear(assembler, pieceFrame(crypto, key, 1))?.publicKey).toEqual(key);
  });

  it("keeps a completed key through any amount of junk", () => {
    const random = seededRandom("junk after");
    const key = freshKey(crypto, random);
    const assembler = new Assembler(crypto);
    const heard = hear(assembler, wholeFrame(key));
    for (let n = 0; n < 1000; n++) {
      hear(assembler, { ...pieceFrame(crypto, key, 0), piece: random.bytes(16) } as Frame);
    }
    expect(hear(assembler, pieceFrame(crypto, key, 2))).toBe(heard);
  });

  it("completes a second key of one tag beside the first", () => {
    // A suite whose tags are all alike stands for a collision, which nobody can compute for the real hash.
    const colliding: CryptoSuite = { ...crypto, blake2b: (length) => new Uint8Array(length) };
    const random = seededRandom("collision");
    const [one, other] = [freshKey(crypto, random), freshKey(crypto, random)];
    const assembler = new Assembler(colliding);
    expect(hear(assembler, wholeFrame(one))?.publicKey).toEqual(one);
    hear(assembler, pieceFrame(colliding, other, 0));
    expect(hear(assembler, pieceFrame(colliding, other, 1))?.publicKey).toEqual(other);
    expect(hear(assembler, pieceFrame(colliding, one, 1))?.publicKey).toEqual(one);
  });

  it("checks a new piece against eight others at most", () => {
    let hashes = 0;
    const counting: CryptoSuite = {
      ...crypto,
      blake2b: (...args) => {
        hashes++;
        return crypto.blake2b(...args);
      },
    };
    const random = seededRandom("work");
    const frame = pieceFrame(crypto, freshKey(crypto, random), 0);
    const assembler = new Assembler(counting);
    let worst = 0;
    for (let n = 0; n < 200; n++) {
      hashes = 0;
      hear(assembler, { ...frame, kind: (n % 3) as PieceKind, piece: random.bytes(16) } as Frame);
      worst = Math.max(worst, hashes);
    }
    expect(worst).toBe(8);
  });

  it("takes any bytes from the air without throwing", () => {
    const assembler = new Assembler(crypto);
    const header = fc.constantFrom([0x1e, 0xff, 0xff, 0xff], [0x28, 0xff, 0xff, 0xff], []);
    const bytes = fc
      .tuple(header, fc.uint8Array({ maxLength: 64 }))
      .map(([head, rest]) => Uint8Array.of(...head, ...rest));
    fc.assert(
      fc.property(bytes, (data) => {
        const frame = decodeAdvertisement(data);
        if (frame !== null) hear(assembler, frame);
      }),
      effort(20_000, 12),
    );
  });
});

describe("memory", () => {
  it("forgets a tag once its key has left the air, but not before", () => {
    const key = freshKey(crypto, seededRandom("expiry"));
    const assembler = new Assembler(crypto);
    hear(assembler, pieceFrame(crypto, key, 0));
    assembler.expire(START_MS + 360_000);
    expect(assembler.size).toBe(1);
    assembler.expire(START_MS + 360_001);
    expect(assembler.size).toBe(0);
  });

  it("forgets what was heard before the clock was set back", () => {
    const assembler = new Assembler(crypto);
    hear(assembler, wholeFrame(freshKey(crypto, seededRandom("back"))));
    assembler.expire(START_MS - 360_001);
    expect(assembler.size).toBe(0);
  });

  it("drops invented single frames before a tag heard twice", () => {
    const random = seededRandom("invented");
    const key = freshKey(crypto, random);
    const assembler = new Assembler(crypto, { single: 10, repeated: 10 });
    hear(assembler, pieceFrame(crypto, key, 0));
    hear(assembler, pieceFrame(crypto, key, 0));
    const invented = pieceFrame(crypto, key, 1);
    for (let n = 0; n < 1000; n++) hear(assembler, { ...invented, tag: random.bytes(6) } as Frame);
    expect(assembler.size).toBe(11);
    expect(hear(assembler, pieceFrame(crypto, key, 2))?.publicKey).toEqual(key);
  });

  it("never holds more tags than its limits, whatever 200,000 of them are", () => {
    const random = seededRandom("200,000");
    const assembler = new Assembler(crypto);
    const frame = pieceFrame(crypto, freshKey(crypto, random), 0);
    for (let n = 0; n < 200_000; n++) {
      const tag = random.bytes(6);
      hear(assembler, { ...frame, tag } as Frame);
      if (n % 2 === 0) hear(assembler, { ...frame, tag } as Frame);
    }
    expect(assembler.size).toBe(ASSEMBLER_LIMITS.single + ASSEMBLER_LIMITS.repeated);
  });
});

describe("what is known of a key", () => {
  it("counts the frames of all its pieces, also those heard before it was complete", () => {
    const key = freshKey(crypto, seededRandom("count"));
    const assembler = new Assembler(crypto);
    for (let n = 0; n < 5; n++) {
      assembler.hear(pieceFrame(crypto, key, 0), hearing(START_MS + n, { rssiDbm: -90 + n }));
    }
    assembler.hear(pieceFrame(crypto, key, 1), hearing(START_MS + 100, { rssiDbm: -95 }));
    const heard = assembler.hear(wholeFrame(key), hearing(START_MS + 200, { rssiDbm: null }));
    expect(heard?.trace.frames).toBe(7);
    expect(heard?.trace.firstMs).toBe(START_MS);
    expect(heard?.trace.lastMs).toBe(START_MS + 200);
    expect(heard?.trace.rssiDbm).toBe(-86);
  });

  it("does not count junk under its tag", () => {
    const random = seededRandom("junk count");
    const key = freshKey(crypto, random);
    const assembler = new Assembler(crypto);
    const junk = { ...pieceFrame(crypto, key, 0), piece: random.bytes(16) } as Frame;
    assembler.hear(junk, hearing(START_MS, { rssiDbm: 20, token: Uint8Array.of(6, 6, 6, 6) }));
    hear(assembler, pieceFrame(crypto, key, 0));
    const heard = hear(assembler, pieceFrame(crypto, key, 1));
    expect(heard?.trace.frames).toBe(2);
    expect(heard?.trace.rssiDbm).toBe(-70);
    expect(heard?.trace.token.token).toEqual(TOKEN);
  });
});
