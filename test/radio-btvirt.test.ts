import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { createBlenoAdvertiser } from "@glowworm/beacon";
import { systemClock, systemRandom } from "@glowworm/platform";
import { fromHex, toHex } from "@glowworm/protocol";
import { type Advert, randomAddress, type Scanner } from "@glowworm/radio";
import { createNobleScanner } from "@glowworm/relay";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Btvirt, startBtvirt } from "./support/btvirt.ts";
import { needs } from "./support/needs.ts";

const FRAME = fromHex(`1effffff2c${"01".repeat(26)}`);
const OTHER_FRAME = fromHex(`1effffff34${"02".repeat(26)}`);
const clock = systemClock;
const random = systemRandom;

/** A program of its own that says one frame. Runs what is compiled. */
const ADVERTISE_ONCE = `
  import { createBlenoAdvertiser } from "@glowworm/beacon";
  import { systemClock, systemRandom } from "@glowworm/platform";
  import { randomAddress } from "@glowworm/radio";
  const [adapter, data] = process.argv.slice(1);
  const advertiser = createBlenoAdvertiser({ adapter, clock: systemClock });
  await advertiser.start();
  await advertiser.set(Buffer.from(data, "hex"), randomAddress(systemRandom));
  await advertiser.stop();
`;

let btvirt: Btvirt;
let scanner: Scanner;

describe.skipIf(needs("btvirt", "cc", "unshare").skip)("adapters over btvirt", () => {
  beforeEach(async () => {
    btvirt = await startBtvirt();
    scanner = createNobleScanner({ adapter: btvirt.adapter, clock, random });
  });

  afterEach(async () => {
    await scanner.stop();
    await btvirt.stop();
  });

  it("carry every frame and every new address unchanged", async () => {
    const advertiser = createBlenoAdvertiser({ adapter: btvirt.adapter, clock });
    const ears = listening();
    await scanner.start(ears.onAdvert);
    await advertiser.start();
    const first = randomAddress(random);
    const second = randomAddress(random);
    await advertiser.set(FRAME, first);
    await advertiser.set(OTHER_FRAME);
    await advertiser.set(FRAME, second);
    const heard = await ears.heard(3);
    await advertiser.stop();
    expect(heard.map(summary)).toEqual([
      [toHex(FRAME), toHex(first)],
      [toHex(OTHER_FRAME), toHex(first)],
      [toHex(FRAME), toHex(second)],
    ]);
    // btvirt knows no signal strength.
    expect(heard.map((advert) => advert.rssiDbm)).toEqual([null, null, null]);
  });

  it("work from separate processes", async () => {
    const ears = listening();
    await scanner.start(ears.onAdvert);
    const program = ["--input-type=module", "--eval", ADVERTISE_ONCE];
    await promisify(execFile)(process.execPath, [...program, btvirt.adapter, toHex(FRAME)], {
      cwd: import.meta.dirname,
    });
    expect((await ears.heard(1)).map((advert) => toHex(advert.data))).toEqual([toHex(FRAME)]);
  });

  it("hear an advertisement that is there already", async () => {
    const advertiser = createBlenoAdvertiser({ adapter: btvirt.adapter, clock });
    await advertiser.start();
    await advertiser.set(FRAME, randomAddress(random));
    const ears = listening();
    await scanner.start(ears.onAdvert);
    expect((await ears.heard(1)).map((advert) => toHex(advert.data))).toEqual([toHex(FRAME)]);
    await advertiser.stop();
  });

  it("fail when the controllers go away", async () => {
    const advertiser = createBlenoAdvertiser({ adapter: btvirt.adapter, clock });
    await advertiser.start();
    await btvirt.stop();
    const setting = advertiser.set(FRAME, randomAddress(random));
    await expect(setting).rejects.toMatchObject({ exit: "noBluetooth" });
    await expect(advertiser.start()).rejects.toMatchObject({ exit: "noBluetooth" });
  });
});

function summary(advert: Advert): [string, string] {
  return [toHex(advert.data), toHex(advert.address ?? new Uint8Array())];
}

/** Collects adverts; `heard(n)` settles with the first n. */
function listening(): {
  onAdvert: (advert: Advert) => void;
  heard: (count: number) => Promise<readonly Advert[]>;
} {
  const adverts: Advert[] = [];
  let check = (): void => {};
  return {
    onAdvert: (advert) => {
      adverts.push(advert);
      check();
    },
    heard: (count) =>
      new Promise((resolve) => {
        check = () => {
          if (adverts.length >= count) resolve(adverts.slice(0, count));
        };
        check();
      }),
  };
}
