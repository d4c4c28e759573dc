import { randomInt } from "node:crypto";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { HOUR_SECONDS } from "@glowworm/protocol";
import { describe, expect, it } from "vitest";
import { needs } from "../../support/needs.ts";
import { Checker, type Verdict } from "../support/history.ts";
import { Load, Sender } from "../support/load.ts";
import { CLEAN, Place, publish } from "../support/place.ts";
import { Machine, makeDisk } from "./machine.ts";

const PARTS = process.env["GLOWWORM_MACHINE"] ?? "";
const CUTS = Number(process.env["GLOWWORM_POWER_CUTS"] ?? "0");
const CONTROL_CUTS = 3;
const RETRIES = 3;
const CONNECTIONS = 4;
const PATIENCE_MS = 24 * 3_600_000;

const isAsked = PARTS !== "" && !needs("qemu-system-x86_64").skip;

/** One data disk, a server on it again and again, each time until its power is cut at a moment that is drawn. */
class Cuts {
  readonly place: Place;
  readonly #disk: string;
  readonly #isControl: boolean;
  #aheadMs = 0;

  constructor(seed: string, isControl: boolean) {
    this.place = new Place(seed);
    this.#isControl = isControl;
    this.#disk = join(this.place.folder, "disk.img");
    makeDisk(this.#disk);
  }

  async cut(times: number): Promise<void> {
    const { history, reader } = this.place;
    const sender = new Sender(history);
    let unanswered: readonly number[] = [];
    for (let time = 0; time < times; time++) {
      const machine = await this.#start();
      for (const batch of unanswered.slice(0, RETRIES)) await sender.send(machine.url, batch);
      if (!this.#isControl) {
        await reader.openSegments(machine.url, (segment) => !reader.hasSegment(segment));
      }
      const load = new Load(history, machine.url, CONNECTIONS);
      await load.more("yes", 5 + this.place.draw(60));
      await delay(this.place.draw(100));
      await machine.cutPower();
      await load.done;
      unanswered = load.unanswered;
      // An hour passes with four lives: closing is among what the power is cut in.
      this.#aheadMs += (HOUR_SECONDS * 1000) / 4;
    }
    sender.close();
  }

  /** Every hour closed, and read as pages. */
  async verdict(): Promise<Verdict> {
    this.#aheadMs += 2 * HOUR_SECONDS * 1000;
    const machine = await this.#start();
    try {
      const checker = new Checker(this.place.history.workload);
      for await (const { records } of this.place.reader.closedHours(machine.url)) {
        checker.add(records);
      }
      return checker.verdict(this.place.history);
    } finally {
      await machine.cutPower();
    }
  }

  async #start(): Promise<Machine> {
    const nowMs = Date.now() + this.#aheadMs;
    return await Machine.start({
      parts: PARTS,
      disk: this.#disk,
      nowMs,
      isControl: this.#isControl,
    });
  }
}

describe.skipIf(!isAsked)("a machine whose power is cut under load", () => {
  it(
    "has every report it said yes to, once, and no half batch",
    async () => {
      const seed = randomInt(2 ** 31);
      const cuts = new Cuts(`power ${seed}`, false);
      await cuts.cut(CUTS);
      const verdict = await cuts.verdict();
      publish("power cuts", { seed, cuts: CUTS, ...verdict.counts });
      expect(verdict).toMatchObject(CLEAN);
    },
    PATIENCE_MS,
  );

  it(
    "loses what it said yes to when the store does not wait for the disk: the test can see a loss",
    async () => {
      const seed = randomInt(2 ** 31);
      const cuts = new Cuts(`power control ${seed}`, true);
      await cuts.cut(CONTROL_CUTS);
      const verdict = await cuts.verdict();
      publish("power cuts, control", {
        cuts: CONTROL_CUTS,
        ...verdict.counts,
        lost: verdict.lost.length,
      });
      expect(verdict.lost.length).toBeGreaterThan(0);
    },
    PATIENCE_MS,
  );
});
