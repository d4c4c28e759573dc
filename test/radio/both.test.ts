import { toHex } from "@glowworm/protocol";
import { randomAddress } from "@glowworm/radio";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FRAME, OTHER_FRAME, RadioScene, START_MS } from "../support/radio-scene.ts";

let scene: RadioScene;
beforeEach(() => {
  scene = new RadioScene();
});
afterEach(() => scene.end());

describe("bleno advertiser and noble scanner on virtual controllers", () => {
  it("carry advertising data, address and signal strength unchanged", async () => {
    const address = randomAddress(scene.random);
    await scene.advertiser.start();
    await scene.scanner.start(scene.listen);
    await scene.advertiser.set(FRAME, address);
    await scene.air.advance(1000);
    expect(scene.heard.length).toBeGreaterThanOrEqual(9);
    for (const advert of scene.heard) {
      expect(toHex(advert.data)).toBe(toHex(FRAME));
      expect(toHex(advert.address ?? new Uint8Array())).toBe(toHex(address));
      expect(advert.rssiDbm).toBe(-60);
      expect(advert.atMs).toBeGreaterThan(START_MS);
    }
  });

  it("show the data that is current, at once after each change", async () => {
    await scene.advertiser.start();
    await scene.scanner.start(scene.listen);
    await scene.advertiser.set(FRAME, randomAddress(scene.random));
    await scene.air.advance(100);
    scene.heard.length = 0;
    await scene.advertiser.set(OTHER_FRAME);
    await scene.air.advance(20);
    expect(scene.heard.map((advert) => toHex(advert.data))).toEqual([toHex(OTHER_FRAME)]);
  });

  it("lose what the link loses", async () => {
    scene = new RadioScene({ link: () => null });
    await scene.advertiser.start();
    await scene.scanner.start(scene.listen);
    await scene.advertiser.set(FRAME, randomAddress(scene.random));
    await scene.air.advance(1000);
    expect(scene.air.pdus.length).toBeGreaterThan(0);
    expect(scene.heard).toEqual([]);
  });

  it("leave the process as they found it", async () => {
    const interrupt = process.listenerCount("SIGINT");
    const exit = process.listenerCount("exit");
    await scene.advertiser.start();
    await scene.scanner.start(scene.listen);
    expect(process.listenerCount("SIGINT")).toBe(interrupt);
    await scene.advertiser.stop();
    await scene.scanner.stop();
    expect(process.listenerCount("exit")).toBe(exit);
  });
});
