import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  ALTITUDE_UNKNOWN,
  type CryptoSuite,
  loadCrypto,
  putIdOf,
  RSSI_UNKNOWN,
  relayMarkOf,
  STATUS_SEPARATED,
} from "@glowworm/protocol";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { coarsen } from "../src/precision.ts";
import { advert, FIX, START_MS, TOKEN, wholeFrame } from "./support/beacons.ts";
import { RELAY_SECRET, RelayScene } from "./support/relay-scene.ts";

const OTHER_TOKEN = Uint8Array.of(4, 3, 2, 1);

let crypto: CryptoSuite;
let scene: RelayScene;

beforeAll(async () => {
  crypto = await loadCrypto();
});
beforeEach(() => {
  scene = new RelayScene(crypto);
});
afterEach(() => scene.end());

describe("a report", () => {
  it("says all that was heard, sealed to the key", async () => {
    const relay = await scene.started();
    const { publicKey, hear, sightings } = scene.beacon("laptop");
    hear(0, -80);
    scene.clock.advance(700);
    hear(1, -60, OTHER_TOKEN);
    scene.clock.advance(700);
    hear(2, -75);
    scene.clock.advance(700);
    await scene.run(relay, 1);
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
      relayMark: relayMarkOf(crypto, RELAY_SECRET, publicKey),
      stamp: sighting?.stamp,
    });
    expect(sighting?.stamp.length).toBe(16);
    expect(relay.status()).toMatchObject({ sealed: 1, keys: 1, uploaded: 1, waiting: 0 });
  });

  it("has another stamp and another encapsulated key each time", async () => {
    const relay = await scene.started();
    const { hear, sightings } = scene.beacon("twice");
    hear(0, -90);
    hear(1, -90);
    await scene.run(relay, 4);
    hear(0, -60);
    await scene.run(relay, 4);
    const [first, second] = sightings();
    expect(first?.stamp).not.toEqual(second?.stamp);
    const [one, other] = scene.records().map((record) => record.envelope.slice(1, 33));
    expect(one).not.toEqual(other);
  });

  it("tells where the relay was when it heard, not where it is when it seals", async () => {
    const relay = await scene.started();
    const { hear, sightings } = scene.beacon("train");
    hear(0);
    hear(1);
    scene.position.fix = { ...FIX, latitudeE7: 0 };
    await scene.run(relay, 4);
    expect(sightings()).toMatchObject([{ latitudeE7: FIX.latitudeE7, seenAt: START_MS / 1000 }]);
  });

  it("tells only the cell when the runner wants that", async () => {
    const relay = await scene.started({ precision: "1km" });
    const { hear, sightings } = scene.beacon("coarse");
    hear(0);
    hear(1);
    await scene.run(relay, 4);
    const { latitudeE7, longitudeE7, accuracyDm } = coarsen(FIX, "1km");
    expect(latitudeE7).not.toBe(FIX.latitudeE7);
    expect(sightings()).toMatchObject([
      { latitudeE7, longitudeE7, accuracyDm, altitudeMetres: ALTITUDE_UNKNOWN },
    ]);
  });

  it("comes once for a beacon that stays, and once more when it is much nearer", async () => {
    const relay = await scene.started();
    const { hear, sightings } = scene.beacon("stays");
    for (let second = 0; second < 120; second++) {
      hear((second % 3) as 0 | 1 | 2, second < 60 ? -90 : -50);
      await scene.run(relay, 1);
    }
    expect(sightings().map(({ rssiDbm }) => rssiDbm)).toEqual([-90, -50]);
    expect(relay.status()).toMatchObject({ keys: 1, sealed: 2 });
  });

  it("comes from a whole frame as well", async () => {
    const relay = await scene.started();
    const { publicKey, sightings } = scene.beacon("whole");
    scene.scanner.hear(advert(wholeFrame(publicKey), scene.clock.nowMs(), null));
    await scene.run(relay, 4);
    expect(sightings()).toMatchObject([{ rssiDbm: RSSI_UNKNOWN, framesHeard: 1 }]);
  });

  it.each([
    [Number.NaN, RSSI_UNKNOWN],
    [127, 126],
    [-300, -128],
    [-70.4, -70],
  ])("has a signal strength in range when the controller says %d", async (said, told) => {
    const relay = await scene.started();
    const { publicKey, sightings } = scene.beacon("rssi");
    scene.scanner.hear(advert(wholeFrame(publicKey), scene.clock.nowMs(), said));
    await scene.run(relay, 4);
    expect(sightings()).toMatchObject([{ rssiDbm: told }]);
  });

  it("waits its random time in the outbox, sealed", async () => {
    const relay = await scene.started({ maxDelayMs: 600_000 });
    const keys = Array.from({ length: 20 }, (_, n) => scene.beacon(`delayed ${n}`));
    for (const { hear } of keys) {
      hear(0);
      hear(1);
    }
    await scene.run(relay, 4);
    expect(relay.status().waiting + relay.status().uploaded).toBe(20);
    await scene.run(relay, 300);
    const { uploaded } = relay.status();
    expect(uploaded).toBeGreaterThan(3);
    expect(uploaded).toBeLessThan(17);
    await scene.run(relay, 300);
    expect(relay.status()).toMatchObject({ uploaded: 20, waiting: 0 });
  });

  it("survives a server that is away", async () => {
    scene.isServerUp = false;
    const relay = await scene.started();
    const { hear, sightings } = scene.beacon("patience");
    hear(0);
    hear(1);
    await scene.run(relay, 30);
    expect(relay.status()).toMatchObject({ server: "unreachable", waiting: 1 });
    scene.isServerUp = true;
    await scene.run(relay, 120);
    expect(sightings().length).toBe(1);
    expect(relay.status()).toMatchObject({ server: "accepting", waiting: 0 });
  });

  it("is sealed and kept when the relay stops right after hearing", async () => {
    const relay = await scene.started();
    const { hear } = scene.beacon("stop");
    hear(0);
    hear(1);
    await relay.stop();
    expect(scene.scanner.isScanning).toBe(false);
    expect(scene.outbox.size).toBe(1);
  });
});

it("leaves no place and no key on the disk", async () => {
  scene.isServerUp = false;
  const relay = await scene.started();
  const { publicKey, hear } = scene.beacon("diary");
  hear(0);
  hear(1);
  await scene.run(relay, 5);
  expect(scene.outbox.size).toBe(1);
  const disk = Buffer.concat(
    readdirSync(scene.folder).map((name) => readFileSync(join(scene.folder, name))),
  );
  expect(disk.indexOf(putIdOf(crypto, publicKey))).toBeGreaterThan(0);
  const latitude = Buffer.alloc(4);
  latitude.writeInt32BE(FIX.latitudeE7);
  for (const secret of [publicKey, publicKey.slice(0, 16), publicKey.slice(16), latitude, TOKEN]) {
    expect(disk.indexOf(secret)).toBe(-1);
  }
});
