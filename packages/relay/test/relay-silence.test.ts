import { Failure } from "@glowworm/platform";
import { type CryptoSuite, loadCrypto } from "@glowworm/protocol";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FIX, START_MS } from "./support/beacons.ts";
import { RelayScene } from "./support/relay-scene.ts";

let crypto: CryptoSuite;
let scene: RelayScene;

beforeAll(async () => {
  crypto = await loadCrypto();
});
beforeEach(() => {
  scene = new RelayScene(crypto);
});
afterEach(() => scene.end());

describe("a relay that cannot report", () => {
  it("says so without a position, and reports what it hears once there is one", async () => {
    scene.position.fix = null;
    const relay = await scene.started();
    const { hear, sightings } = scene.beacon("no fix");
    hear(0);
    hear(1);
    await scene.run(relay, 5);
    expect(relay.status()).toMatchObject({ condition: "no-position", unusable: 2, sealed: 0 });
    scene.position.fix = FIX;
    await scene.run(relay, 5);
    expect(relay.status()).toMatchObject({ condition: "reporting", sealed: 0 });
    hear(1);
    hear(2);
    await scene.run(relay, 4);
    expect(sightings().length).toBe(1);
  });

  it("says so with an unsynchronised clock, and asks about it once a minute", async () => {
    scene.isSynchronised = false;
    const relay = await scene.started();
    const { hear, sightings } = scene.beacon("no time");
    for (let n = 0; n < 59; n++) {
      hear(n % 2 === 0 ? 0 : 1);
      await scene.run(relay, 1);
    }
    expect(scene.trustAsked).toBe(1);
    expect(relay.status()).toMatchObject({ condition: "clock-unsynchronised", sealed: 0 });
    scene.isSynchronised = true;
    await scene.run(relay, 2);
    expect(scene.trustAsked).toBe(2);
    expect(relay.status().condition).toBe("reporting");
    hear(0);
    hear(1);
    await scene.run(relay, 4);
    expect(sightings().length).toBe(1);
  });

  it("forgets what it heard under a clock that turns out to be wrong", async () => {
    const relay = await scene.started();
    await scene.run(relay, 60);
    const { hear } = scene.beacon("wrong");
    hear(0);
    hear(1);
    scene.isSynchronised = false;
    await scene.run(relay, 5);
    expect(relay.status()).toMatchObject({ sealed: 0, waiting: 0, remembered: 0 });
  });

  it("keeps its outbox under a clock that is far ahead, and drops what is old once time is known", async () => {
    scene.isServerUp = false;
    const relay = await scene.started();
    const { hear } = scene.beacon("dead clock");
    hear(0);
    hear(1);
    await scene.run(relay, 4);
    scene.isSynchronised = false;
    await scene.run(relay, 60);
    scene.clock.setWall(START_MS + 30 * 86_400_000);
    await scene.run(relay, 2);
    expect(relay.status()).toMatchObject({ waiting: 1, droppedExpired: 0 });
    scene.isSynchronised = true;
    await scene.run(relay, 60);
    expect(relay.status()).toMatchObject({ waiting: 0, droppedExpired: 1 });
  });

  it("ends with the reason when the radio is gone, after sealing what it heard", async () => {
    const relay = await scene.started();
    const { hear } = scene.beacon("unplugged");
    hear(0);
    hear(1);
    scene.clock.advance(3000);
    const lost = new Failure("noBluetooth", "gone", "plug it in");
    scene.scanner.lose(lost);
    await expect(relay.step()).rejects.toBe(lost);
    expect(scene.outbox.size).toBe(1);
  });
});
