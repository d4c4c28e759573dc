import { join } from "node:path";
import { Beacon, CardStore, importCards, openFolder } from "@glowworm/beacon";
import { type DeviceKeys, makeCardFile } from "@glowworm/owner";
import { type ClockTrust, makePrivateFolder } from "@glowworm/platform";
import {
  type CryptoSuite,
  deriveDeviceKey,
  type RandomSource,
  randomFraction,
  secondsNow,
} from "@glowworm/protocol";
import type { Air, Spot } from "@glowworm/radio";
import { loadRelaySecret, openOutbox, Relay, Uploader } from "@glowworm/relay";
import type { SimulatedTime } from "./simulated-time.ts";
import { randomCorner, Walker } from "./town.ts";
import { TownPosition } from "./town-position.ts";

const RELAY_DELAY_MS = 10_000;
/** Metres: a receiver in a street, and one that has stood still for long. */
const WALKING_SIGMA = 6;
const STANDING_SIGMA = 3;

/** What everybody in the town shares. */
export interface Stage {
  readonly crypto: CryptoSuite;
  readonly random: RandomSource;
  readonly time: SimulatedTime;
  readonly air: Air;
  readonly folder: string;
  readonly serverUrl: string;
}

/** The owner's device: its keys, and the beacon that was given its cards. */
export async function makeLaptop(
  stage: Stage,
  at: () => Spot,
): Promise<{ readonly keys: DeviceKeys; readonly beacon: Beacon }> {
  const { crypto, random, time, air } = stage;
  const since = secondsNow(time);
  const keys: DeviceKeys = {
    number: 1,
    key: deriveDeviceKey(crypto, random.bytes(32), 1),
    since,
  };
  const disk = openFolder(join(stage.folder, "laptop"));
  importCards(crypto, disk, makeCardFile(crypto, keys.key, since), "laptop.cards");
  const beacon = new Beacon({
    crypto,
    clock: time,
    random,
    trust: townTrust(time),
    advertiser: air.advertiser(at),
    store: new CardStore(crypto, disk),
    onEvent: () => {},
  });
  await beacon.start();
  return { keys, beacon };
}

/** A relay that stands at a corner, or walks about. */
export async function makeRelay(stage: Stage, name: string, isWalking: boolean): Promise<Relay> {
  const { crypto, random, time, air } = stage;
  const folder = join(stage.folder, name);
  makePrivateFolder(folder);
  const at = isWalking ? walkerPath(stage) : standing(random);
  const { outbox } = openOutbox(folder, random);
  const sigma = isWalking ? WALKING_SIGMA : STANDING_SIGMA;
  const relay = new Relay({
    crypto,
    clock: time,
    random,
    trust: townTrust(time),
    scanner: air.scanner(() => at(time.nowMs())),
    position: new TownPosition(at, random, sigma),
    outbox,
    uploader: new Uploader({
      fetch,
      server: new URL(stage.serverUrl),
      outbox,
      clock: time,
      random,
    }),
    precision: "exact",
    relaySecret: loadRelaySecret(folder, random),
    maxDelayMs: RELAY_DELAY_MS,
  });
  await relay.start();
  return relay;
}

function walkerPath({ random, time }: Stage): (nowMs: number) => Spot {
  const walker = new Walker(random, time.nowMs());
  return (nowMs) => walker.at(nowMs);
}

/** Somewhere along a street. */
function standing(random: RandomSource): () => Spot {
  const corner = randomCorner(random);
  const spot = { x: corner.x + 50 * randomFraction(random), y: corner.y };
  return () => spot;
}

function townTrust(time: SimulatedTime): ClockTrust {
  return {
    isSynchronised: () => Promise.resolve(true),
    bootSeconds: () => time.monotonicMs() / 1000,
    bootId: () => "town",
  };
}
