import { type CryptoSuite, DAY_SECONDS } from "@glowworm/protocol";
import type { Beacon } from "../../src/index.ts";
import { cardFile, Laptop } from "./laptop.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { Recorder } from "./recorder.ts";

export const FIRST_DAY = 20_000;
const CREATED_AT = FIRST_DAY * DAY_SECONDS + 36_000;
/** Ten seconds before an epoch ends. */
export const START: number = FIRST_DAY * DAY_SECONDS + 40_000 - (40_000 % 300) + 290;

/** A beacon on a laptop, with its disk and what it says. */
export interface Scene {
  readonly laptop: Laptop;
  readonly disk: MemoryDisk;
  readonly recorder: Recorder;
  readonly beacon: Beacon;
}

/** A beacon that has taken the radio, with cards for `count` days. */
export async function scene(crypto: CryptoSuite, wall: number = START, count = 4): Promise<Scene> {
  const laptop = new Laptop(wall, "beacon");
  const file = cardFile(crypto, CREATED_AT, { first: FIRST_DAY, count });
  const disk = new MemoryDisk([["cards", file]]);
  const recorder = new Recorder();
  const beacon = laptop.beacon(crypto, disk, recorder);
  await beacon.start();
  return { laptop, disk, recorder, beacon };
}

/** Steps as a runner does, for so long. */
export async function runFor({ laptop, beacon }: Scene, seconds: number): Promise<number[]> {
  const waits: number[] = [];
  const end = laptop.wall + seconds;
  while (laptop.wall < end) {
    const wait = await beacon.step();
    waits.push(wait);
    laptop.run(wait / 1000);
  }
  return waits;
}
