import { type CryptoSuite, DAY_SECONDS, EPOCHS_PER_DAY } from "@glowworm/protocol";
import { expect } from "vitest";
import type { Beacon } from "../../src/index.ts";
import { decodeSlot, slotBytes } from "../../src/state-slot.ts";
import { cardFile, indexOf, Laptop } from "./laptop.ts";
import { MemoryDisk, PowerCut } from "./memory-disk.ts";
import { namedCrypto, nameOf, seedsIn } from "./named-crypto.ts";
import { Recorder } from "./recorder.ts";

const HOUR = 3600;
const STEP_SECONDS = 100;
const FIRST_DAY = 20_000;
const DAYS = 900;
const START = (FIRST_DAY + 450) * DAY_SECONDS + 9 * HOUR;

/** A laptop in a world that moves its clocks, with the invariants of the guard checked at every frame. */
export class World {
  readonly #laptop = new Laptop(START, "guard");
  #airing = -1;
  readonly #crypto: CryptoSuite;
  readonly #disk = new MemoryDisk();
  readonly #aired = new Set<number>();
  readonly #airedDays = new Set<number>();
  #recorder = new Recorder();
  #beacon: Beacon;
  #erased = new Map<number, number>();
  /** The latest time that any trusted clock or the passing of boot time can vouch for. */
  #latest = START;
  /** When the clocks were last tampered with, in seconds of running. */
  #calmSince = 0;
  #ran = 0;
  /** Seconds since the beginning, whatever clocks say. */
  #passed = 0;

  constructor(real: CryptoSuite) {
    this.#crypto = namedCrypto({ ...real });
    const x25519 = this.#crypto.x25519;
    this.#crypto.x25519 = (secret, point) => {
      const { day, epoch } = nameOf(secret, 0);
      this.#airing = day * EPOCHS_PER_DAY + epoch;
      return x25519(secret, point);
    };
    const file = cardFile(this.#crypto, START, { first: FIRST_DAY, count: DAYS });
    this.#disk.replace("cards", file);
    this.#beacon = this.#boot();
  }

  async run(minutes: number): Promise<void> {
    for (let left = minutes * 60; left > 0; left -= STEP_SECONDS) {
      this.#laptop.run(STEP_SECONDS);
      this.#ran += STEP_SECONDS;
      this.#passed += STEP_SECONDS;
      this.#latest += STEP_SECONDS;
      await this.#step();
    }
  }

  async suspend(hours: number): Promise<void> {
    this.#laptop.suspend(hours * HOUR);
    this.#passed += hours * HOUR;
    this.#latest += hours * HOUR;
    await this.#step();
  }

  async reboot(hours: number, wall: number | null): Promise<void> {
    this.#laptop.reboot(hours * HOUR);
    this.#passed += hours * HOUR;
    if (wall !== null) this.#laptop.setWall(wall);
    this.#calmSince = this.#ran;
    this.#beacon = this.#boot();
    await this.#step();
  }

  /** Power fails at the n-th write from now, if there is one within half an hour; then the program starts again. */
  async crash(nthWrite: number, keptShare: number): Promise<void> {
    this.#disk.cutPower(nthWrite, keptShare);
    try {
      await this.run(30);
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
    }
    this.#disk.restorePower();
    this.#calmSince = this.#ran;
    this.#beacon = this.#boot();
    await this.#step();
  }

  async setWall(wall: number, isSynchronised: boolean): Promise<void> {
    this.#laptop.setWall(wall);
    this.#laptop.isSynchronised = isSynchronised;
    this.#calmSince = this.#ran;
    await this.#step();
  }

  /** What a good clock shows. */
  get truth(): number {
    return START + this.#passed;
  }

  get wall(): number {
    return this.#laptop.wall;
  }

  /** A run of ten minutes without tampering changes the key. */
  async changesKey(): Promise<void> {
    const before = this.#airing;
    const seen = new Set<number>();
    for (let left = 600; left > 0; left -= STEP_SECONDS) {
      await this.run(STEP_SECONDS / 60);
      seen.add(this.#airing);
    }
    seen.delete(before);
    expect(seen.size).toBeGreaterThan(0);
  }

  #boot(): Beacon {
    this.#recorder = new Recorder();
    return this.#laptop.beacon(this.#crypto, this.#disk, this.#recorder);
  }

  async #step(): Promise<void> {
    if (this.#laptop.isSynchronised && this.#isCovered()) {
      this.#latest = Math.max(this.#latest, this.#laptop.wall);
    }
    const before = this.#airing;
    await this.#beacon.step();
    this.#checkAir();
    if (before !== this.#airing) this.#checkFolder();
  }

  #checkAir(): void {
    const day = Math.floor(this.#airing / EPOCHS_PER_DAY);
    expect(this.#airing % EPOCHS_PER_DAY).toBeGreaterThanOrEqual(this.#erased.get(day) ?? 0);
    this.#aired.add(this.#airing);
    this.#airedDays.add(day);
    const { wall, isSynchronised } = this.#laptop;
    const isSettled = this.#ran - this.#calmSince > 3 * STEP_SECONDS;
    if (!isSettled) return;
    if (isSynchronised && this.#isCovered() && !this.#isErased(indexOf(wall))) {
      expect(this.#airing).toBe(indexOf(wall));
    }
    const floor = this.#floor();
    if (!isSynchronised && (wall < floor - 600 || wall > floor + 401 * DAY_SECONDS)) {
      if (!this.#isErased(indexOf(floor))) {
        expect(Math.abs(this.#airing - indexOf(floor))).toBeLessThanOrEqual(1);
      }
    }
  }

  /** What a thief finds in the folder, compared with what has been on the air. */
  #checkFolder(): void {
    const found = this.#epochsInFolder();
    const limit = Math.min(indexOf(this.#floor()), this.#airing);
    for (let day = FIRST_DAY; day < FIRST_DAY + DAYS; day++) {
      const mark = found.get(day) ?? EPOCHS_PER_DAY;
      const before = this.#erased.get(day) ?? 0;
      if (mark === before) continue;
      expect(mark).toBeGreaterThan(before);
      expect(this.#airedDays.has(day)).toBe(true);
      const last = day * EPOCHS_PER_DAY + mark - 1;
      expect(last).toBeLessThan(indexOf(this.#latest) + 1);
      this.#erased.set(day, mark);
    }
    const readable = [...this.#aired].filter((index) => index < limit && !this.#isErased(index));
    expect(readable).toEqual([]);
  }

  #epochsInFolder(): Map<number, number> {
    const found = new Map<number, number>();
    for (const bytes of this.#disk.files.values()) {
      for (const { day, epoch } of seedsIn(bytes)) {
        found.set(day, Math.min(epoch, found.get(day) ?? EPOCHS_PER_DAY));
      }
    }
    return found;
  }

  #isErased(index: number): boolean {
    return (this.#erased.get(Math.floor(index / EPOCHS_PER_DAY)) ?? 0) > index % EPOCHS_PER_DAY;
  }

  #isCovered(): boolean {
    const day = this.#laptop.wall / DAY_SECONDS;
    return day >= FIRST_DAY && day < FIRST_DAY + DAYS;
  }

  #floor(): number {
    const mark = (this.#disk.read("cards") ?? new Uint8Array()).subarray(24, 40);
    const slot = (this.#disk.read("state") ?? new Uint8Array()).subarray(0, slotBytes(DAYS));
    return decodeSlot(this.#crypto, mark, DAYS, slot)?.state.guard.floor ?? Number.NaN;
  }
}
