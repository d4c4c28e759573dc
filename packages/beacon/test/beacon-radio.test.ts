import { Failure } from "@glowworm/platform";
import { loadCrypto } from "@glowworm/protocol";
import { describe, expect, it } from "vitest";
import type { Laptop } from "./support/laptop.ts";
import { runFor, START, scene } from "./support/stage.ts";

const crypto = await loadCrypto();

describe("the radio", () => {
  it("is taken before the first frame and released at the end", async () => {
    const stage = await scene(crypto);
    await runFor(stage, 1);
    await stage.beacon.stop();
    expect(stage.recorder.calls[0]?.type).toBe("start");
    expect(stage.recorder.calls.at(-1)?.type).toBe("stop");
  });

  it.each([
    ["a sleep", (laptop: Laptop) => laptop.suspend(30)],
    ["a late step", (laptop: Laptop) => laptop.run(6)],
  ])("is started anew after %s, with the same address", async (_, pass) => {
    const stage = await scene(crypto, START - 200);
    await runFor(stage, 2);
    const said = stage.recorder.calls.length;
    const address = stage.recorder.sets[0]?.address;
    pass(stage.laptop);
    await stage.beacon.step();
    expect(stage.recorder.calls.slice(said).map((call) => call.type)).toEqual(["start", "set"]);
    expect(stage.recorder.sets.at(-1)?.address).toEqual(address);
  });

  it("is tried again with growing pauses, and said once to be lost and once to be back", async () => {
    const stage = await scene(crypto, START - 200);
    await runFor(stage, 1);
    stage.recorder.before = () => {
      throw new Failure("noBluetooth", "gone", "plug it in");
    };
    const waits = [];
    for (let tries = 0; tries < 4; tries++) {
      waits.push(await stage.beacon.step());
      stage.laptop.run((waits.at(-1) ?? 0) / 1000);
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000]);
    stage.recorder.before = () => {};
    const said = stage.recorder.calls.length;
    await runFor(stage, 1);
    expect(stage.recorder.calls.slice(said, said + 2).map((call) => call.type)).toEqual([
      "start",
      "set",
    ]);
    expect(stage.recorder.calls[said + 1]).toMatchObject({
      address: stage.recorder.sets[0]?.address,
    });
    expect(stage.laptop.events.filter((event) => event.type === "radio")).toEqual([
      { type: "radio", isWorking: false },
      { type: "radio", isWorking: true },
    ]);
  });

  it.each([
    ["failure", "noBluetooth", 7],
    ["noPermission", "noPermission", 1],
  ] as const)("ends the run when it does not come back: %s", async (exit, ended, tries) => {
    const stage = await scene(crypto);
    await runFor(stage, 1);
    stage.recorder.before = () => {
      throw new Failure(exit, "gone", "plug it in");
    };
    for (let step = 1; step < tries; step++) await stage.beacon.step();
    await expect(stage.beacon.step()).rejects.toMatchObject({ exit: ended });
  });

  it("does not hide an error that is not the radio's", async () => {
    const stage = await scene(crypto);
    stage.recorder.before = () => {
      throw new TypeError("a bug");
    };
    await expect(stage.beacon.step()).rejects.toThrow(TypeError);
  });
});
