import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Beacon,
  type BeaconEvent,
  CardStore,
  createBlenoAdvertiser,
  importCards,
  openFolder,
} from "@glowworm/beacon";
import { type DeviceKeys, type FindResult, findDevice } from "@glowworm/owner";
import type { ClockTrust, Fetch } from "@glowworm/platform";
import {
  CARD_DAYS,
  type CryptoSuite,
  dayCardOf,
  dayOf,
  deriveDayKeys,
  deriveDeviceKey,
  encodeCardFile,
  loadCrypto,
  randomFraction,
  type Stepper,
  type UploadRecord,
} from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import {
  createNobleScanner,
  FixedPosition,
  loadRelaySecret,
  openOutbox,
  Relay,
  StatusTalk,
  Uploader,
} from "@glowworm/relay";
import { Server } from "@glowworm/server";
import { degreesOf, distance, type Spot, signalAt } from "./ground.ts";
import { uploadRecords } from "./upload-records.ts";
import { type Link, VirtualAir } from "./virtual-air.ts";
import type { VirtualController } from "./virtual-controller.ts";

export const RELAY_ACCURACY_METRES = 4;
const HEARING_FLOOR_DBM = -95;
/** Signal strength goes up and down by up to this much from frame to frame. */
export const FADING_DB = 4;
const FRAMES_LOST = 0.3;

/** A laptop, its owner's keys, and where its beacon keeps its state. */
export interface Laptop {
  readonly name: string;
  readonly spot: Spot;
  readonly ownerKey: Uint8Array;
  readonly keys: DeviceKeys;
  readonly folder: string;
  readonly radio: VirtualController;
}

/** A relay that stands somewhere. */
export interface RelayPost {
  readonly name: string;
  readonly spot: Spot;
  readonly folder: string;
  readonly radio: VirtualController;
  readonly relay: Relay;
}

interface Turn {
  atMs: number;
  readonly stepper: Stepper;
}

/**
 * All roles in one process: real noble and bleno over virtual controllers, a real server over HTTP on loopback, real
 * files. Time passes only in `run`, and waits there for everybody's work.
 */
export class Network {
  readonly crypto: CryptoSuite;
  readonly folder: string;
  readonly clock: FakeClock;
  readonly air: VirtualAir;
  /** Records the server said yes to, in order. */
  readonly acknowledged: UploadRecord[] = [];
  /** Every line that a part would have said to a person. */
  readonly said: string[] = [];
  readonly #seed: string;
  readonly #spots: Map<VirtualController, Spot> = new Map();
  readonly #closers: (() => Promise<void>)[] = [];
  #turns: Turn[] = [];
  #serverUrl = "";

  private constructor(crypto: CryptoSuite, folder: string, startMs: number, seed: string) {
    this.crypto = crypto;
    this.folder = folder;
    this.clock = new FakeClock(startMs);
    this.#seed = seed;
    this.air = new VirtualAir(this.clock, seededRandom(`${seed} air`), this.#link());
  }

  /** A network with a server. Give it back with `close`. */
  static async open(startMs: number, seed: string): Promise<Network> {
    const folder = await mkdtemp(join(tmpdir(), "glowworm-network-"));
    const network = new Network(await loadCrypto(), folder, startMs, seed);
    await network.#startServer();
    return network;
  }

  get serverUrl(): string {
    return this.#serverUrl;
  }

  get serverFolder(): string {
    return join(this.folder, "server");
  }

  /** A laptop with cards from the day before today on, its beacon not yet started. */
  addLaptop(name: string, spot: Spot, cardDays: number = CARD_DAYS): Laptop {
    const { crypto, clock } = this;
    const ownerKey = seededRandom(`${this.#seed} owner of ${name}`).bytes(32);
    const since = Math.floor(clock.nowMs() / 1000);
    const keys = { number: 1, key: deriveDeviceKey(crypto, ownerKey, 1), since };
    const cards = Array.from({ length: cardDays }, (_, day) =>
      dayCardOf(crypto, deriveDayKeys(crypto, keys.key, dayOf(since) + day)),
    );
    const folder = join(this.folder, name);
    const file = encodeCardFile(crypto, { createdAt: since, cards });
    importCards(crypto, openFolder(folder), file, `${name}.cards`);
    return { name, spot, ownerKey, keys, folder, radio: this.#addRadio(spot) };
  }

  /** Starts a laptop's beacon. @returns what kills it: it stops without a word to its radio. */
  async startBeacon(laptop: Laptop): Promise<() => void> {
    const { crypto, clock } = this;
    const beacon = new Beacon({
      crypto,
      clock,
      random: seededRandom(`${this.#seed} ${laptop.name} ${clock.nowMs()}`),
      trust: this.#trust(),
      advertiser: createBlenoAdvertiser({ adapter: () => laptop.radio.transport(), clock }),
      store: new CardStore(crypto, openFolder(laptop.folder)),
      onEvent: (event: BeaconEvent) => this.said.push(JSON.stringify(event)),
    });
    await beacon.start();
    const turn = this.#schedule(beacon);
    const stop = (): Promise<void> => beacon.stop();
    this.#closers.push(stop);
    return () => {
      this.#turns = this.#turns.filter((other) => other !== turn);
      this.#closers.splice(this.#closers.indexOf(stop), 1);
    };
  }

  async addRelay(name: string, spot: Spot, maxDelayMs = 0): Promise<RelayPost> {
    const { crypto, clock } = this;
    const random = seededRandom(`${this.#seed} ${name}`);
    const folder = join(this.folder, name);
    const radio = this.#addRadio(spot);
    const { outbox } = openOutbox(folder, random);
    const position = new FixedPosition({
      ...degreesOf(spot),
      accuracyMetres: RELAY_ACCURACY_METRES,
    });
    const server = new URL(this.#serverUrl);
    const relay = new Relay({
      crypto,
      clock,
      random,
      trust: this.#trust(),
      scanner: createNobleScanner({ adapter: () => radio.transport(), clock, random }),
      position,
      outbox,
      uploader: new Uploader({ clock, random, fetch: this.#recordingFetch(), server, outbox }),
      precision: "exact",
      relaySecret: loadRelaySecret(folder, random),
      maxDelayMs,
    });
    await relay.start();
    this.#schedule(this.#talking(relay, position.describe()));
    this.#closers.push(async () => {
      await relay.stop();
      outbox.close();
    });
    return { name, spot, folder, radio, relay };
  }

  /** Lets time pass for everybody. */
  async run(ms: number): Promise<void> {
    const { clock, air } = this;
    const endMs = clock.monotonicMs() + ms;
    for (;;) {
      const turn = this.#turns.reduce<Turn | null>(
        (first, next) => (first === null || next.atMs < first.atMs ? next : first),
        null,
      );
      const untilMs = Math.min(endMs, turn?.atMs ?? endMs);
      if (untilMs > clock.monotonicMs()) await air.advance(untilMs - clock.monotonicMs());
      if (turn === null || turn.atMs > endMs) return;
      turn.atMs = clock.monotonicMs() + Math.max(1, await turn.stepper.step());
    }
  }

  /** What the owner of a laptop finds now. */
  find(laptop: Laptop): Promise<FindResult> {
    const { crypto, clock, folder, serverUrl } = this;
    return findDevice(
      {
        crypto,
        random: seededRandom(`${this.#seed} owner of ${laptop.name}`),
        clock,
        fetch,
        serverUrl,
        cacheFolder: join(folder, `owner of ${laptop.name}`),
        signal: new AbortController().signal,
        onProgress: () => {},
      },
      laptop.keys,
    );
  }

  /** Stops everybody and removes every file. */
  async close(): Promise<void> {
    try {
      for (const close of this.#closers.reverse()) await close();
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
  }

  async #startServer(): Promise<void> {
    const server = new Server({
      clock: this.clock,
      random: seededRandom(`${this.#seed} server`),
      crypto: this.crypto,
      dataFolder: this.serverFolder,
      host: "127.0.0.1",
      port: 0,
      retentionDays: 30,
      log: (entry) => {
        // Where it listens itself is no visitor's address, and here the same one.
        if (entry.event !== "listening") this.said.push(JSON.stringify(entry));
      },
    });
    this.#serverUrl = (await server.start()).url;
    this.#schedule(server);
    this.#closers.push(() => server.stop());
  }

  #addRadio(spot: Spot): VirtualController {
    const radio = this.air.controller();
    this.#spots.set(radio, spot);
    return radio;
  }

  #schedule(stepper: Stepper): Turn {
    const turn = { atMs: this.clock.monotonicMs(), stepper };
    this.#turns.push(turn);
    return turn;
  }

  #link(): Link {
    const random = seededRandom(`${this.#seed} link`);
    return (from, to) => {
      const [a, b] = [this.#spots.get(from), this.#spots.get(to)];
      if (a === undefined || b === undefined || randomFraction(random) < FRAMES_LOST) return null;
      const fading = (2 * randomFraction(random) - 1) * FADING_DB;
      const rssi = Math.round(signalAt(distance(a, b)) + fading);
      return rssi < HEARING_FLOOR_DBM ? null : rssi;
    };
  }

  #recordingFetch(): Fetch {
    return async (url, init) => {
      const response = await fetch(url, init);
      if (response.status === 201 && init.body instanceof Uint8Array) {
        this.acknowledged.push(...uploadRecords(init.body));
      }
      return response;
    };
  }

  #talking(relay: Relay, position: string): Stepper {
    const talk = new StatusTalk(this.clock.monotonicMs());
    return {
      step: async () => {
        const waitMs = await relay.step();
        this.said.push(...talk.lines(relay.status(), position, this.clock.monotonicMs()));
        return waitMs;
      },
    };
  }

  #trust(): ClockTrust {
    return {
      isSynchronised: () => Promise.resolve(true),
      bootSeconds: () => this.clock.monotonicMs() / 1000,
      bootId: () => "one boot",
    };
  }
}
