import { join } from "node:path";
import { type DeviceKeys, type FindResult, findDevice } from "@glowworm/owner";
import { loadCrypto } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { Air, STREET } from "@glowworm/radio";
import type { Relay } from "@glowworm/relay";
import { Server } from "@glowworm/server";
import { makeLaptop, makeRelay, type Stage } from "./cast.ts";
import type { DemoEvent, Found } from "./events.ts";
import { SimulatedTime } from "./simulated-time.ts";
import { CarriedLaptop, distance, randomCorner, spotOf } from "./town.ts";

const DEVICE = "laptop";
/** 2026-06-01T17:25:00Z: an evening in which one hour ends and is published. */
const START_MS: number = Date.UTC(2026, 5, 1, 17, 25);
const MINUTE_MS = 60_000;
const TAKEN_MS: number = 12 * MINUTE_MS;
const DROPPED_MS: number = 20 * MINUTE_MS;
const END_MS: number = 45 * MINUTE_MS;
/** How often the owner looks, and how often the demo says how it is going. */
const LOOK_MS: number = 30_000;
const STANDING_RELAYS = 10;
const WALKING_RELAYS = 20;

/** What a demo needs. */
export interface DemoOptions {
  readonly seed: number;
  /** Empty folder for everybody's state. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onEvent: (event: DemoEvent) => void;
}

/**
 * A laptop is left behind, carried off and left elsewhere; relays walk by; the owner looks. All parts are the real
 * ones, over a simulated air and on simulated time. Returns what the owner found in the end, or null.
 */
export async function runDemo(options: DemoOptions): Promise<Found | null> {
  const crypto = await loadCrypto();
  const time = new SimulatedTime(START_MS);
  const random = seededRandom(options.seed);
  const dataFolder = join(options.folder, "server");
  const server = new Server({
    clock: time,
    random,
    crypto,
    dataFolder,
    host: "127.0.0.1",
    port: 0,
    retentionDays: 30,
  });
  const { url } = await server.start();
  try {
    const air = new Air(time, random, STREET);
    const stage: Stage = { crypto, random, time, air, folder: options.folder, serverUrl: url };
    time.add(server);
    return await new Evening(stage, options).play();
  } finally {
    await server.stop();
  }
}

/** The course of the evening. */
class Evening {
  readonly #stage: Stage;
  readonly #options: DemoOptions;
  readonly #laptop: CarriedLaptop;
  readonly #relays: Relay[] = [];
  #secondsToFirstFix: number | null = null;

  constructor(stage: Stage, options: DemoOptions) {
    this.#stage = stage;
    this.#options = options;
    const from = randomCorner(stage.random);
    const to = randomCorner(stage.random);
    this.#laptop = new CarriedLaptop(from, to, START_MS + TAKEN_MS, START_MS + DROPPED_MS);
  }

  async play(): Promise<Found | null> {
    const { time } = this.#stage;
    const { signal, seed, onEvent } = this.#options;
    for (let n = 0; n < STANDING_RELAYS + WALKING_RELAYS; n++) {
      const relay = await makeRelay(this.#stage, `relay-${n}`, n >= STANDING_RELAYS);
      this.#relays.push(relay);
      time.add(relay);
    }
    const laptopAt = () => this.#laptop.at(time.nowMs());
    const { keys, beacon } = await makeLaptop(this.#stage, laptopAt);
    time.add(beacon);
    onEvent({ event: "start", seed, relays: this.#relays.length, at: this.#now() });
    for (let at = START_MS + LOOK_MS; at <= START_MS + END_MS; at += LOOK_MS) {
      await time.runUntil(at, signal);
      this.#tellMove(at - START_MS);
      await this.#look(keys);
    }
    for (const relay of this.#relays) await relay.stop();
    await beacon.stop();
    const found = this.#conclude(await this.#find(keys));
    onEvent(found ?? { event: "not-found", device: DEVICE });
    return found;
  }

  #tellMove(sinceMs: number): void {
    const { onEvent } = this.#options;
    const at = this.#now();
    if (sinceMs === TAKEN_MS) onEvent({ event: "moved", at, isTaken: true });
    if (sinceMs === DROPPED_MS) onEvent({ event: "moved", at, isTaken: false });
  }

  /** The owner looks until there is a first answer; everybody sees how far things are. */
  async #look(keys: DeviceKeys): Promise<void> {
    const { onEvent } = this.#options;
    const statuses = this.#relays.map((relay) => relay.status());
    const heardBy = statuses.filter((status) => status.keys > 0).length;
    const reports = statuses.reduce((sum, status) => sum + status.uploaded, 0);
    onEvent({ event: "progress", at: this.#now(), heardBy, reports });
    if (this.#secondsToFirstFix !== null || reports === 0) return;
    const { place } = await this.#find(keys);
    if (place === null) return;
    this.#secondsToFirstFix = (this.#stage.time.nowMs() - START_MS) / 1000;
    const secondsToFirstFix = this.#secondsToFirstFix;
    onEvent({ event: "first-fix", at: this.#now(), secondsToFirstFix });
  }

  async #find(keys: DeviceKeys): Promise<FindResult> {
    const { crypto, random, time, folder, serverUrl } = this.#stage;
    const cacheFolder = join(folder, "owner");
    const { signal } = this.#options;
    const deps = { crypto, random, clock: time, fetch, serverUrl, cacheFolder, signal };
    const result = await findDevice({ ...deps, onProgress: () => {} }, keys);
    signal.throwIfAborted();
    return result;
  }

  #conclude({ place }: FindResult): Found | null {
    if (place === null || this.#secondsToFirstFix === null) return null;
    const truth = this.#laptop.at(place.seenAt * 1000);
    return {
      event: "found",
      device: DEVICE,
      lat: place.latitude,
      lon: place.longitude,
      accuracyMetres: Math.round(place.accuracyMetres),
      relays: place.relays,
      seenAt: new Date(place.seenAt * 1000).toISOString(),
      errorMetres: Math.round(distance(truth, spotOf(place.latitude, place.longitude))),
      secondsToFirstFix: this.#secondsToFirstFix,
    };
  }

  #now(): string {
    return new Date(this.#stage.time.nowMs()).toISOString();
  }
}
