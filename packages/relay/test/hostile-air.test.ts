import { type CryptoSuite, fromHex, loadCrypto } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import fc from "fast-check";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import { advert, freshKey, pieceFrame, START_MS, wholeFrame } from "./support/beacons.ts";
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
    const relay = await scene.started();
    const key = fromHex(point);
    for (let n = 0; n < 10; n++) {
      scene.scanner.hear(advert(wholeFrame(key), scene.clock.nowMs()));
      scene.scanner.hear(
        advert(pieceFrame(crypto, key, (n % 3) as 0 | 1 | 2), scene.clock.nowMs()),
      );
      await scene.run(relay, 1);
    }
    expect(relay.status()).toMatchObject({ sealed: 0, waiting: 0, uploaded: 0, weakKeys: 1 });
  });

  it("takes any advertisement without throwing, and reports nothing that is not a key", async () => {
    const relay = await scene.started();
    const rssi = fc.option(fc.oneof(fc.integer(), fc.double()));
    const runs = effort(5000, 19);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), rssi, fc.integer(), (data, rssiDbm, atMs) => {
        scene.scanner.hear({ atMs: START_MS + (atMs % 1e6), data, rssiDbm, address: null });
      }),
      runs,
    );
    await scene.run(relay, 5);
    expect(relay.status()).toMatchObject({ sealed: 0, adverts: runs.numRuns });
  });

  it("uploads a bounded number of reports a minute, however many keys are invented", async () => {
    const relay = await scene.started();
    const random = seededRandom("invented keys");
    for (let second = 0; second < 60; second++) {
      for (let n = 0; n < 50; n++) {
        scene.scanner.hear(advert(wholeFrame(freshKey(crypto, random)), scene.clock.nowMs()));
      }
      await scene.run(relay, 1);
    }
    const { sealed, sampledOut } = relay.status();
    expect(sealed).toBeGreaterThan(20);
    expect(sealed).toBeLessThan(200);
    expect(sampledOut).toBeGreaterThan(2000);
  });
});
