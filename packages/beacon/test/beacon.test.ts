import {
  advanceSeed,
  DAY_SECONDS,
  dayCardOf,
  decodeAdvertisement,
  deriveDayKeys,
  EPOCHS_PER_DAY,
  epochPublicKey,
  joinPieces,
  loadCrypto,
  minuteInEpoch,
  minuteToken,
  type PieceFrame,
  toHex,
} from "@glowworm/protocol";
import { describe, expect, it } from "vitest";
import { CardStore } from "../src/index.ts";
import { DEVICE_KEY } from "./support/cards.ts";
import { indexOf } from "./support/laptop.ts";
import { Recorder } from "./support/recorder.ts";
import { FIRST_DAY, runFor, START, scene } from "./support/stage.ts";
import { recomputable } from "./support/thief.ts";

const crypto = await loadCrypto();

function pieceIn(data: Uint8Array): PieceFrame {
  const frame = decodeAdvertisement(data);
  if (frame?.type !== "piece") throw new Error("not a piece frame");
  return frame;
}

/** Epoch public key and seed as the owner derives them. */
function ownerKeys(index: number): { readonly publicKey: Uint8Array; readonly seed: Uint8Array } {
  const keys = deriveDayKeys(crypto, DEVICE_KEY, Math.floor(index / EPOCHS_PER_DAY));
  const seed = advanceSeed(crypto, keys.seed, 0, index % EPOCHS_PER_DAY);
  const { publicKey } = dayCardOf(crypto, keys);
  return { publicKey: epochPublicKey(crypto, seed, publicKey), seed };
}

describe("the frames", () => {
  it("rebuild the key that the owner derives, with the token of the minute", async () => {
    const stage = await scene(crypto);
    await runFor(stage, 9);
    const frames = stage.recorder.sets.map((set) => pieceIn(set.data));
    const { publicKey, seed } = ownerKeys(indexOf(START));
    const [first] = frames;
    const second = frames.find((frame) => frame.kind !== first?.kind);
    if (first === undefined || second === undefined) throw new Error("too few frames");
    expect(joinPieces(crypto, first, second)).toEqual(publicKey);
    const token = minuteToken(crypto, seed, minuteInEpoch(START));
    expect(frames.every((frame) => toHex(frame.token) === toHex(token))).toBe(true);
    expect(frames.every((frame) => frame.status === 4)).toBe(true);
  });

  it("change the token each minute", async () => {
    const stage = await scene(crypto, START + 10);
    await runFor(stage, 299);
    const tokens = new Set(stage.recorder.sets.map((set) => toHex(pieceIn(set.data).token)));
    const { seed } = ownerKeys(indexOf(START + 10));
    const wanted = [0, 1, 2, 3, 4].map((minute) => toHex(minuteToken(crypto, seed, minute)));
    expect([...tokens]).toEqual(wanted);
  });

  it("come every 100 to 200 ms, never one kind twice, each other kind about as often", async () => {
    const stage = await scene(crypto);
    const waits = await runFor(stage, 200);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...waits)).toBeLessThan(200);
    const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
    expect(Math.abs(mean - 150)).toBeLessThan(5);
    const kinds = stage.recorder.sets.map((set) => pieceIn(set.data).kind);
    const steps = kinds.slice(1).map((kind, index) => (kind - (kinds[index] ?? 0) + 3) % 3);
    expect(steps).not.toContain(0);
    const ups = steps.filter((step) => step === 1).length / steps.length;
    expect(Math.abs(ups - 0.5)).toBeLessThan(0.05);
  });

  it("share nothing but the header across an epoch change, and the address changes with them", async () => {
    const stage = await scene(crypto);
    await runFor(stage, 20);
    const sets = stage.recorder.sets;
    const change = sets.findIndex((set, index) => index > 0 && set.address !== null);
    const [before, after] = [sets.slice(0, change), sets.slice(change)];
    expect(change).toBeGreaterThan(20);
    expect(after.filter((set) => set.address !== null)).toHaveLength(1);
    const runs = new Set(before.flatMap((set) => runsOf(set.data)));
    expect(after.flatMap((set) => runsOf(set.data)).filter((run) => runs.has(run))).toEqual([]);
    const tags = (list: typeof sets): Set<string> =>
      new Set(list.map((set) => toHex(pieceIn(set.data).tag)));
    expect([...tags(before), ...tags(after)]).toHaveLength(2);
    expect(before[0]?.address).not.toEqual(after[0]?.address);
  });

  /** Every three bytes in a row behind the header, at their place. */
  function runsOf(data: Uint8Array): string[] {
    const body = data.subarray(5);
    return Array.from(body.subarray(2), (_, at) => `${at}:${toHex(body.subarray(at, at + 3))}`);
  }
});

describe("an epoch change", () => {
  it("is on disk, with all before it erased, when its first frame is said", async () => {
    const stage = await scene(crypto);
    const { disk, recorder, laptop } = stage;
    let changes = 0;
    recorder.before = (call) => {
      if (call.type !== "set" || call.address === null) return;
      changes += 1;
      const index = indexOf(laptop.wall);
      expect(new CardStore(crypto, disk.copy()).guard.airing?.index).toBe(index);
      expect(recomputable(crypto, disk, [FIRST_DAY], index)).toEqual([]);
    };
    await runFor(stage, 700);
    expect(changes).toBe(4);
  });

  it("is not said when the disk fails", async () => {
    const stage = await scene(crypto);
    await runFor(stage, 9);
    const said = stage.recorder.calls.length;
    stage.disk.cutPower(1, 0.5);
    stage.laptop.run(1);
    await expect(stage.beacon.step()).rejects.toThrow();
    expect(stage.recorder.calls).toHaveLength(said);
  });

  it("leaves nothing behind over a day and a half with a good clock", async () => {
    const stage = await scene(crypto);
    for (let minutes = 0; minutes < 36 * 60; minutes += 2) {
      stage.laptop.run(120);
      await stage.beacon.step();
    }
    const now = indexOf(stage.laptop.wall);
    expect(recomputable(crypto, stage.disk, [FIRST_DAY, FIRST_DAY + 1], now)).toEqual([]);
  });

  it("repeats at most the epoch on the air after a restart", async () => {
    const stage = await scene(crypto);
    await runFor(stage, 30);
    const recorder = new Recorder();
    const again = stage.laptop.beacon(crypto, stage.disk, recorder);
    await again.start();
    await again.step();
    const last = stage.recorder.sets.at(-1)?.data ?? new Uint8Array();
    const [first] = recorder.sets;
    expect(pieceIn(first?.data ?? new Uint8Array()).tag).toEqual(pieceIn(last).tag);
    expect(first?.address).not.toBeNull();
  });
});

describe("the clock", () => {
  it("is asked about at most once a minute", async () => {
    const stage = await scene(crypto);
    await runFor(stage, 600);
    expect(stage.laptop.timesAsked).toBeGreaterThanOrEqual(10);
    expect(stage.laptop.timesAsked).toBeLessThanOrEqual(11);
  });

  it("takes the time of asking off the pause", async () => {
    const stage = await scene(crypto, START - 200);
    await runFor(stage, 59.7);
    stage.laptop.askSeconds = 0.25;
    const asked = stage.laptop.timesAsked;
    let wait = 0;
    while (stage.laptop.timesAsked === asked) {
      wait = await stage.beacon.step();
      stage.laptop.run(wait / 1000);
    }
    expect(wait).toBe(0);
  });

  it("loses its trust when it jumps, until the next answer", async () => {
    const stage = await scene(crypto);
    await runFor(stage, 2);
    stage.laptop.setWall(stage.laptop.wall - 7200);
    await runFor(stage, 70);
    expect(stage.laptop.events.map((event) => event.type === "clock" && event.use)).toEqual([
      "trusted",
      "untrusted",
      "went-back",
    ]);
  });

  it("is said to be outside of the cards, and rotation goes on", async () => {
    const stage = await scene(crypto, START + 400 * DAY_SECONDS);
    await runFor(stage, 320);
    expect(stage.laptop.events).toEqual([{ type: "clock", use: "outside-cards" }]);
    expect(stage.recorder.sets.filter((set) => set.address !== null).length).toBeGreaterThan(1);
  });

  it("ends the run when no card is left", async () => {
    const stage = await scene(crypto, (FIRST_DAY + 1) * DAY_SECONDS - 2, 1);
    await runFor(stage, 1);
    stage.laptop.run(2 * DAY_SECONDS);
    const ends = runFor(stage, DAY_SECONDS);
    await expect(ends).rejects.toMatchObject({ exit: "keyMissing" });
  });
});
