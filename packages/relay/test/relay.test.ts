import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "@glowworm/platform";
import {
  ALTITUDE_UNKNOWN,
  type CryptoSuite,
  decodeUploadBatch,
  epochOpener,
  fromHex,
  loadCrypto,
  openEnvelope,
  putIdOf,
  RSSI_UNKNOWN,
  relayMarkOf,
  type Sighting,
  STATUS_SEPARATED,
} from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import fc from "fast-check";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  coarsen,
  type Fetch,
  type Outbox,
  openOutbox,
  Relay,
  type RelayOptions,
  Uploader,
} from "../src/index.ts";
import {
  advert,
  FIX,
  freshKey,
  pieceFrame,
  START_MS,
  TOKEN,
  wholeFrame,
} from "./support/beacons.ts";
import { FakePosition, FakeScanner } from "./support/fakes.ts";

const SECRET = new Uint8Array(32).fill(9);
const OTHER_TOKEN = Uint8Array.of(4, 3, 2, 1);

let crypto: CryptoSuite;
let folder: string;
let outbox: Outbox;
let clock: FakeClock;
let scanner: FakeScanner;
let position: FakePosition;
let isSynchronised: boolean;
let trustAsked: number;
let uploads: Uint8Array[];
let isServerUp: boolean;

beforeAll(async () => {
  crypto = await loadCrypto();
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "glowworm-relay-"));
  outbox = openOutbox(folder, seededRandom("outbox")).outbox;
  clock = new FakeClock(START_MS);
  scanner = new FakeScanner();
  position = new FakePosition();
  isSynchronised = true;
  trustAsked = 0;
  uploads = [];
  isServerUp = true;
});

afterEach(() => {
  outbox.close();
  rmSync(folder, { recursive: true });
});

const serve: Fetch = async (_url, init) => {
  if (!isServerUp) throw new TypeError("fetch failed");
  uploads.push(init.body as Uint8Array);
  return new Response(null, { status: 201 });
};

async function started(change: Partial<RelayOptions> = {}): Promise<Relay> {
  const random = seededRandom("relay");
  const server = new URL("http://server.test");
  const relay = new Relay({
    crypto,
    clock,
    random,
    trust: {
      isSynchronised: async () => {
        trustAsked++;
        return isSynchronised;
      },
    },
    scanner,
    position,
    outbox,
    uploader: new Uploader({ fetch: serve, server, outbox, clock, random }),
    precision: "exact",
    relaySecret: SECRET,
    maxDelayMs: 0,
    ...change,
  });
  await relay.start();
  return relay;
}

/** Steps as production does: once a second. */
async function run(relay: Relay, seconds: number): Promise<void> {
  for (let n = 0; n < seconds; n++) {
    clock.advance(await relay.step());
  }
}

function records() {
  return uploads.flatMap((body) => decodeUploadBatch(body));
}

/** A beacon's key pair and what a relay's reports to it say. */
function beacon(seed: string) {
  const secret = seededRandom(seed).bytes(32);
  const publicKey = crypto.x25519Base(secret);
  const sightings = (): readonly Sighting[] => {
    const putId = putIdOf(crypto, publicKey);
    const opener = epochOpener(crypto, secret);
    return records()
      .filter((record) => Buffer.compare(record.putId, putId) === 0)
      .map((record) => openEnvelope(crypto, opener, record.envelope))
      .filter((sighting) => sighting !== null);
  };
  const hear = (kind: 0 | 1 | 2, rssiDbm: number | null = -70, token = TOKEN): void =>
    scanner.hear(advert(pieceFrame(crypto, publicKey, kind, token), clock.nowMs(), rssiDbm));
  return { publicKey, hear, sightings };
}

describe("a report", () => {
  it("says all that was heard, sealed to the key", async () => {
    const relay = await started();
    const { publicKey, hear, sightings } = beacon("laptop");
    hear(0, -80);
    clock.advance(700);
    hear(1, -60, OTHER_TOKEN);
    clock.advance(700);
    hear(2, -75);
    clock.advance(700);
    await run(relay, 1);
    const [sighting] = sightings();
    expect(sighting).toEqual({
      seenAt: (START_MS + 1400 - (1400 % 1000)) / 1000,
      latitudeE7: FIX.latitudeE7,
      longitudeE7: FIX.longitudeE7,
      accuracyDm: FIX.accuracyDm,
      altitudeMetres: FIX.altitudeMetres,
      source: "gnss",
      rssiDbm: -60,
      framesHeard: 3,
      secondsHeard: 1,
      status: STATUS_SEPARATED,
      token: TOKEN,
      relayMark: relayMarkOf(crypto, SECRET, publicKey),
      stamp: sighting?.stamp,
    });
    expect(sighting?.stamp.length).toBe(16);
    expect(relay.status()).toMatchObject({ sealed: 1, keys: 1, uploaded: 1, waiting: 0 });
  });

  it("has another stamp and another encapsulated key each time", async () => {
    const relay = await started();
    const { hear, sightings } = beacon("twice");
    hear(0, -90);
    hear(1, -90);
    await run(relay, 4);
    hear(0, -60);
    await run(relay, 4);
    const [first, second] = sightings();
    expect(first?.stamp).not.toEqual(second?.stamp);
    const [one, other] = records().map((record) => record.envelope.slice(1, 33));
    expect(one).not.toEqual(other);
  });

  it("tells where the relay was when it heard, not where it is when it seals", async () => {
    const relay = await started();
    const { hear, sightings } = beacon("train");
    hear(0);
    hear(1);
    position.fix = { ...FIX, latitudeE7: 0 };
    await run(relay, 4);
    expect(sightings()).toMatchObject([{ latitudeE7: FIX.latitudeE7, seenAt: START_MS / 1000 }]);
  });

  it("tells only the cell when the runner wants that", async () => {
    const relay = await started({ precision: "1km" });
    const { hear, sightings } = beacon("coarse");
    hear(0);
    hear(1);
    await run(relay, 4);
    const { latitudeE7, longitudeE7, accuracyDm } = coarsen(FIX, "1km");
    expect(latitudeE7).not.toBe(FIX.latitudeE7);
    expect(sightings()).toMatchObject([
      { latitudeE7, longitudeE7, accuracyDm, altitudeMetres: ALTITUDE_UNKNOWN },
    ]);
  });

  it("comes once for a beacon that stays, and once more when it is much nearer", async () => {
    const relay = await started();
    const { hear, sightings } = beacon("stays");
    for (let second = 0; second < 120; second++) {
      hear((second % 3) as 0 | 1 | 2, second < 60 ? -90 : -50);
      await run(relay, 1);
    }
    expect(sightings().map(({ rssiDbm }) => rssiDbm)).toEqual([-90, -50]);
    expect(relay.status()).toMatchObject({ keys: 1, sealed: 2 });
  });

  it("comes from a whole frame as well", async () => {
    const relay = await started();
    const { publicKey, sightings } = beacon("whole");
    scanner.hear(advert(wholeFrame(publicKey), clock.nowMs(), null));
    await run(relay, 4);
    expect(sightings()).toMatchObject([{ rssiDbm: RSSI_UNKNOWN, framesHeard: 1 }]);
  });

  it.each([
    [Number.NaN, RSSI_UNKNOWN],
    [127, 126],
    [-300, -128],
    [-70.4, -70],
  ])("has a signal strength in range when the controller says %d", async (said, told) => {
    const relay = await started();
    const { publicKey, sightings } = beacon("rssi");
    scanner.hear(advert(wholeFrame(publicKey), clock.nowMs(), said));
    await run(relay, 4);
    expect(sightings()).toMatchObject([{ rssiDbm: told }]);
  });

  it("waits its random time in the outbox, sealed", async () => {
    const relay = await started({ maxDelayMs: 600_000 });
    const keys = Array.from({ length: 20 }, (_, n) => beacon(`delayed ${n}`));
    for (const { hear } of keys) {
      hear(0);
      hear(1);
    }
    await run(relay, 4);
    expect(relay.status().waiting + relay.status().uploaded).toBe(20);
    await run(relay, 300);
    const { uploaded } = relay.status();
    expect(uploaded).toBeGreaterThan(3);
    expect(uploaded).toBeLessThan(17);
    await run(relay, 300);
    expect(relay.status()).toMatchObject({ uploaded: 20, waiting: 0 });
  });

  it("survives a server that is away", async () => {
    isServerUp = false;
    const relay = await started();
    const { hear, sightings } = beacon("patience");
    hear(0);
    hear(1);
    await run(relay, 30);
    expect(relay.status()).toMatchObject({ server: "unreachable", waiting: 1 });
    isServerUp = true;
    await run(relay, 120);
    expect(sightings().length).toBe(1);
    expect(relay.status()).toMatchObject({ server: "accepting", waiting: 0 });
  });

  it("is sealed and kept when the relay stops right after hearing", async () => {
    const relay = await started();
    const { hear } = beacon("stop");
    hear(0);
    hear(1);
    await relay.stop();
    expect(scanner.isScanning).toBe(false);
    expect(outbox.size).toBe(1);
  });
});

describe("a relay that cannot report", () => {
  it("says so without a position, and reports what it hears once there is one", async () => {
    position.fix = null;
    const relay = await started();
    const { hear, sightings } = beacon("no fix");
    hear(0);
    hear(1);
    await run(relay, 5);
    expect(relay.status()).toMatchObject({ condition: "no-position", unusable: 2, sealed: 0 });
    position.fix = FIX;
    await run(relay, 5);
    expect(relay.status()).toMatchObject({ condition: "reporting", sealed: 0 });
    hear(1);
    hear(2);
    await run(relay, 4);
    expect(sightings().length).toBe(1);
  });

  it("says so with an unsynchronised clock, and asks about it once a minute", async () => {
    isSynchronised = false;
    const relay = await started();
    const { hear, sightings } = beacon("no time");
    for (let n = 0; n < 59; n++) {
      hear(n % 2 === 0 ? 0 : 1);
      await run(relay, 1);
    }
    expect(trustAsked).toBe(1);
    expect(relay.status()).toMatchObject({ condition: "clock-unsynchronised", sealed: 0 });
    isSynchronised = true;
    await run(relay, 2);
    expect(trustAsked).toBe(2);
    expect(relay.status().condition).toBe("reporting");
    hear(0);
    hear(1);
    await run(relay, 4);
    expect(sightings().length).toBe(1);
  });

  it("forgets what it heard under a clock that turns out to be wrong", async () => {
    const relay = await started();
    await run(relay, 60);
    const { hear } = beacon("wrong");
    hear(0);
    hear(1);
    isSynchronised = false;
    await run(relay, 5);
    expect(relay.status()).toMatchObject({ sealed: 0, waiting: 0, remembered: 0 });
  });

  it("ends with the reason when the radio is gone, after sealing what it heard", async () => {
    const relay = await started();
    const { hear } = beacon("unplugged");
    hear(0);
    hear(1);
    clock.advance(3000);
    const lost = new Failure("noBluetooth", "gone", "plug it in");
    scanner.lose(lost);
    await expect(relay.step()).rejects.toBe(lost);
    expect(outbox.size).toBe(1);
  });
});

/** Points of X25519 whose order divides 8, canonical or not; the top bit is ignored, so each has a twin. */
const LOW_ORDER: readonly string[] = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].flatMap((point) => [point, twin(point)]);

function twin(point: string): string {
  const bytes = fromHex(point);
  bytes[31] = (bytes[31] ?? 0) | 0x80;
  return Buffer.from(bytes).toString("hex");
}

describe("hostile air", () => {
  it.each(LOW_ORDER)("never seals to the low-order key %s", async (point) => {
    const relay = await started();
    const key = fromHex(point);
    for (let n = 0; n < 10; n++) {
      scanner.hear(advert(wholeFrame(key), clock.nowMs()));
      scanner.hear(advert(pieceFrame(crypto, key, (n % 3) as 0 | 1 | 2), clock.nowMs()));
      await run(relay, 1);
    }
    expect(relay.status()).toMatchObject({ sealed: 0, waiting: 0, uploaded: 0, weakKeys: 1 });
  });

  it("takes any advertisement without throwing, and reports nothing that is not a key", async () => {
    const relay = await started();
    const rssi = fc.option(fc.oneof(fc.integer(), fc.double()));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), rssi, fc.integer(), (data, rssiDbm, atMs) => {
        scanner.hear({ atMs: START_MS + (atMs % 1e6), data, rssiDbm, address: null });
      }),
      { numRuns: 5000, seed: 19 },
    );
    await run(relay, 5);
    expect(relay.status()).toMatchObject({ sealed: 0, adverts: 5000 });
  });

  it("uploads a bounded number of reports a minute, however many keys are invented", async () => {
    const relay = await started();
    const random = seededRandom("invented keys");
    for (let second = 0; second < 60; second++) {
      for (let n = 0; n < 50; n++) {
        scanner.hear(advert(wholeFrame(freshKey(crypto, random)), clock.nowMs()));
      }
      await run(relay, 1);
    }
    const { sealed, sampledOut } = relay.status();
    expect(sealed).toBeGreaterThan(20);
    expect(sealed).toBeLessThan(200);
    expect(sampledOut).toBeGreaterThan(2000);
  });
});

it("leaves no place and no key on the disk", async () => {
  isServerUp = false;
  const relay = await started();
  const { publicKey, hear } = beacon("diary");
  hear(0);
  hear(1);
  await run(relay, 5);
  expect(outbox.size).toBe(1);
  const disk = Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))));
  expect(disk.indexOf(putIdOf(crypto, publicKey))).toBeGreaterThan(0);
  const latitude = Buffer.alloc(4);
  latitude.writeInt32BE(FIX.latitudeE7);
  for (const secret of [publicKey, publicKey.slice(0, 16), publicKey.slice(16), latitude, TOKEN]) {
    expect(disk.indexOf(secret)).toBe(-1);
  }
});
