import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type CryptoSuite, type Frame, loadCrypto } from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import type { Advert } from "@glowworm/radio";
import { beforeAll, describe, expect, it } from "vitest";
import { ASSEMBLER_LIMITS } from "../src/assembler.ts";
import { Relay, type RelayOptions } from "../src/index.ts";
import { POLICY_LIMITS } from "../src/policy.ts";
import { Uploader, type UploaderOptions } from "../src/uploader.ts";
import { advert, freshKey, pieceFrame, START_MS, wholeFrame } from "./support/beacons.ts";
import { FakePosition, FakeScanner } from "./support/fakes.ts";

const ADVERTS = 200_000;
const ADVERTS_PER_SECOND = 2000;

let crypto: CryptoSuite;
let gc: () => void;

beforeAll(async () => {
  crypto = await loadCrypto();
  setFlagsFromString("--expose-gc");
  gc = runInNewContext("gc") as () => void;
});

function heapMegabytes(): number {
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
}

/** An outbox that takes everything and holds nothing: what is measured is the relay. */
const NOWHERE: RelayOptions["outbox"] & UploaderOptions["outbox"] = {
  size: 0,
  droppedFull: 0,
  droppedExpired: 0,
  add: () => {},
  due: () => [],
  mix: () => {},
  remove: () => {},
  dropExpired: () => {},
};

async function startedRelay(scanner: FakeScanner, clock: FakeClock): Promise<Relay> {
  const random = seededRandom("memory");
  const server = new URL("http://server.test");
  const options: RelayOptions = {
    crypto,
    clock,
    random,
    trust: { isSynchronised: async () => true },
    scanner,
    position: new FakePosition(),
    outbox: NOWHERE,
    uploader: new Uploader({ fetch, server, outbox: NOWHERE, clock, random }),
    precision: "exact",
    relaySecret: new Uint8Array(32),
    maxDelayMs: 0,
  };
  const relay = new Relay(options);
  await relay.start();
  return relay;
}

/** Megabytes that a relay has grown by after each half of the adverts. */
async function growth(
  make: (n: number, atMs: number) => Advert,
): Promise<{ readonly first: number; readonly second: number; readonly remembered: number }> {
  const clock = new FakeClock(START_MS);
  const scanner = new FakeScanner();
  const relay = await startedRelay(scanner, clock);
  const hear = async (from: number, to: number): Promise<number> => {
    for (let n = from; n < to; n++) {
      scanner.hear(make(n, clock.nowMs()));
      if (n % ADVERTS_PER_SECOND === 0) clock.advance(await relay.step());
    }
    return heapMegabytes();
  };
  const before = heapMegabytes();
  const half = await hear(0, ADVERTS / 2);
  const whole = await hear(ADVERTS / 2, ADVERTS);
  const { remembered, adverts } = relay.status();
  expect(adverts).toBe(ADVERTS);
  return { first: half - before, second: whole - half, remembered };
}

const LIMIT = ASSEMBLER_LIMITS.single + ASSEMBLER_LIMITS.repeated + POLICY_LIMITS.ids;

describe("memory over 200,000 addresses", () => {
  it("does not grow with foreign ones", async () => {
    const random = seededRandom("foreign");
    const { first, second, remembered } = await growth((_n, atMs) => ({
      atMs,
      data: Uint8Array.of(2, 1, 6, 27, 0xff, 0x4c, 0, ...random.bytes(24)),
      rssiDbm: -60,
      address: random.bytes(6),
    }));
    expect(remembered).toBe(0);
    expect(first).toBeLessThan(2);
    expect(second).toBeLessThan(2);
  });

  it("is bounded with as many tags", async () => {
    const random = seededRandom("tags");
    const frame = pieceFrame(crypto, freshKey(crypto, random), 0);
    const { first, second, remembered } = await growth((n, atMs) =>
      advert({ ...frame, tag: tagOfPair(n), piece: random.bytes(16) } as Frame, atMs),
    );
    expect(remembered).toBeLessThanOrEqual(LIMIT);
    expect(first).toBeLessThan(20);
    expect(second).toBeLessThan(2);
  });

  it("is bounded with as many keys", async () => {
    const random = seededRandom("keys");
    const { first, second, remembered } = await growth((_n, atMs) =>
      advert(wholeFrame(random.bytes(32)), atMs),
    );
    expect(remembered).toBeLessThanOrEqual(LIMIT);
    expect(first).toBeLessThan(30);
    expect(second).toBeLessThan(5);
  });
});

/** Each tag comes twice, so that both tables fill. */
function tagOfPair(n: number): Uint8Array {
  const tag = new Uint8Array(6);
  new DataView(tag.buffer).setUint32(0, n >> 1);
  return tag;
}
