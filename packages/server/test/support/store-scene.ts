import type { RandomSource } from "@glowworm/protocol";
import { FakeClock } from "@glowworm/protocol/testing";
import type { EmbeddedStore } from "@glowworm/server";
import {
  HOUR_MS,
  type NewReport,
  NOON_MS,
  packed,
  someReports,
  temporaryFolder,
} from "./fixtures.ts";
import { openLocalStore, SmallDisk } from "./local-store.ts";

/** What a scene is made with, where it is not the usual. */
export interface StoreSceneOptions {
  readonly folder?: string;
  readonly disk?: SmallDisk;
  /** Milliseconds since 1970 at which it begins: noon when absent. */
  readonly beginsMs?: number;
  readonly hourRecordsMax?: number;
}

/** A local store in a folder of its own, on a clock that moves when a test says so. */
export class StoreScene {
  readonly folder: string;
  readonly clock: FakeClock;
  readonly disk: SmallDisk;
  readonly #hourRecordsMax: number | undefined;
  #store: EmbeddedStore | undefined;

  private constructor(options: StoreSceneOptions) {
    this.folder = options.folder ?? temporaryFolder();
    this.disk = options.disk ?? new SmallDisk();
    this.clock = new FakeClock(options.beginsMs ?? NOON_MS);
    this.#hourRecordsMax = options.hourRecordsMax;
  }

  /** Opens a store, and lets it do what is due. */
  static async open(options: StoreSceneOptions = {}): Promise<StoreScene> {
    const scene = new StoreScene(options);
    await scene.reopen();
    await scene.store.maintain();
    return scene;
  }

  /** The same with so many hours, 20 reports in each: the last two are open, and both have closed segments. */
  static async filled(
    hours: number,
    random: RandomSource,
    options: StoreSceneOptions = {},
  ): Promise<{ readonly scene: StoreScene; readonly reports: readonly (readonly NewReport[])[] }> {
    const scene = await StoreScene.open(options);
    const reports: (readonly NewReport[])[] = [];
    for (let hour = 0; hour < hours; hour++) {
      if (hour > 0) await scene.pass(HOUR_MS);
      reports.push(await scene.put(someReports(random, 20)));
    }
    await scene.pass(60_000);
    return { scene, reports };
  }

  get store(): EmbeddedStore {
    if (this.#store === undefined) throw new Error("not open");
    return this.#store;
  }

  /** Opens the folder again, after its store was closed, as another process would. */
  async reopen(disk: SmallDisk = this.disk): Promise<EmbeddedStore> {
    const { folder, clock } = this;
    this.#store = await openLocalStore(folder, disk, clock, 30, this.#hourRecordsMax);
    return this.#store;
  }

  /** Stores reports, and returns them. */
  async put(reports: readonly NewReport[]): Promise<readonly NewReport[]> {
    await this.store.put(packed(reports));
    return reports;
  }

  /** Lets time pass, and the store do what is due then. */
  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.store.maintain();
  }

  async close(): Promise<void> {
    await this.store.close();
  }
}
