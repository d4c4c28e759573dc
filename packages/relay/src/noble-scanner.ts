import type { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import { Failure } from "@glowworm/platform";
import { type Clock, type RandomSource, RSSI_UNKNOWN } from "@glowworm/protocol";
import {
  type Adapter,
  type Advert,
  accepted,
  assertPoweredOn,
  type HciSocket,
  hciCommand,
  loadDriver,
  OPCODE,
  openController,
  passiveScan,
  randomAddress,
  type Scanner,
  withoutSignalHooks,
} from "@glowworm/radio";

/** What we use of noble 1.9.2. */
interface Noble extends EventEmitter {
  readonly state: string;
  readonly _bindings: { readonly _hci: NobleHci };
  startScanning(serviceUuids: readonly string[], allowDuplicates: boolean): void;
  stopScanning(): void;
}

interface NobleHci extends EventEmitter {
  setScanParameters(interval?: number, window?: number): void;
  setScanEnabled(isOn: boolean, filterDuplicates: boolean): void;
  pollIsDevUp(): void;
  reset(): void;
}

/** 11.25 ms in units of 0.625 ms, listening all the time: noble's own value. */
const SCAN_INTERVAL = 0x12;

/** How often the radio is looked after. */
const WATCH_MS = 1000;
/** Scanning anew costs four commands, so that a place where nothing advertises may have it every minute. */
const SILENCE_MS = 60_000;
/** Longer than an adapter takes to come back from a suspend or a firmware crash. */
const LOST_AFTER_MS = 30_000;

const require = createRequire(import.meta.url);

/** What a noble scanner needs. */
export interface NobleScannerOptions {
  readonly adapter: Adapter;
  readonly clock: Clock;
  readonly random: RandomSource;
}

/** Scans through noble: passively, from a random address. The adapter is looked for in `start`. */
export function createNobleScanner(options: NobleScannerOptions): Scanner {
  return new NobleScanner(options);
}

interface Running {
  readonly socket: HciSocket;
  readonly noble: Noble;
  readonly unhook: () => void;
}

/** Invariant: no command of ours makes the controller transmit; it only listens. */
class NobleScanner implements Scanner {
  readonly #options: NobleScannerOptions;
  #running: Running | null = null;
  #watch: { readonly stop: AbortController; readonly ended: Promise<void> } | null = null;
  #onAdvert: (advert: Advert) => void = () => {};
  #heardAtMs = 0;
  #isInterrupted = false;

  constructor(options: NobleScannerOptions) {
    this.#options = options;
  }

  async start(
    onAdvert: (advert: Advert) => void,
    onLost?: (failure: Failure) => void,
  ): Promise<void> {
    await this.stop();
    this.#onAdvert = onAdvert;
    await this.#power();
    const stop = new AbortController();
    this.#watch = { stop, ended: this.#lookAfter(stop.signal, onLost ?? (() => {})) };
  }

  async stop(): Promise<void> {
    this.#watch?.stop.abort();
    await this.#watch?.ended;
    this.#watch = null;
    await this.#end();
  }

  /** Restarts what has gone quiet; gives up, once, when the adapter stays away. */
  async #lookAfter(signal: AbortSignal, onLost: (failure: Failure) => void): Promise<void> {
    const { clock } = this.#options;
    let isWellAtMs = clock.monotonicMs();
    while (true) {
      await clock.sleep(WATCH_MS, signal);
      if (signal.aborted) return;
      const failure = await this.#mend();
      if (failure === null) isWellAtMs = clock.monotonicMs();
      else if (clock.monotonicMs() - isWellAtMs >= LOST_AFTER_MS) return onLost(failure);
    }
  }

  async #mend(): Promise<Failure | null> {
    const isSilent = this.#options.clock.monotonicMs() - this.#heardAtMs >= SILENCE_MS;
    const isUp = this.#running?.socket.isDevUp() === true;
    if (isUp && !isSilent && !this.#isInterrupted) return null;
    try {
      if (this.#running !== null && isUp) await this.#arm(this.#running);
      else await this.#power();
      return null;
    } catch (error) {
      await this.#end();
      if (error instanceof Failure) return error;
      throw error;
    }
  }

  async #power(): Promise<void> {
    await this.#end();
    const { adapter, clock } = this.#options;
    const { socket, hasExtendedScan } = await openController(adapter, clock);
    let unhook = (): void => {};
    try {
      const noble = loadDriver(socket, () => requireNoble(hasExtendedScan));
      this.#harden(noble, socket, hasExtendedScan);
      unhook = withoutSignalHooks(() => noble.state);
      await socket.idle();
      assertPoweredOn(noble.state);
      const running = { socket, noble, unhook };
      await this.#arm(running);
      this.#running = running;
    } catch (error) {
      unhook();
      socket.close();
      throw error;
    }
  }

  async #arm({ socket, noble }: Running): Promise<void> {
    const hci = noble._bindings._hci;
    const address = randomAddress(this.#options.random).toReversed();
    this.#isInterrupted = false;
    this.#heardAtMs = this.#options.clock.monotonicMs();
    await accepted(socket, () => {
      hci.setScanEnabled(false, true);
      socket.write(hciCommand(OPCODE.leSetRandomAddress, address));
    });
    await accepted(socket, () => hci.setScanParameters());
    await accepted(socket, () => noble.startScanning([], true));
  }

  async #end(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    if (running === null) return;
    running.noble.removeAllListeners();
    // A controller that is gone hears nothing any more, so that its silence here is no failure.
    await running.socket.exchange(() => running.noble.stopScanning());
    running.socket.close();
    running.unhook();
  }

  #harden(noble: Noble, socket: HciSocket, isExtended: boolean): void {
    const hci = noble._bindings._hci;
    // noble scans actively, from the public address: it would tell everybody where a relay is.
    hci.setScanParameters = (interval = SCAN_INTERVAL, window = interval) =>
      socket.write(passiveScan(interval, window, isExtended));
    // Its poll is a timer that never ends; our own watch does the same.
    hci.pollIsDevUp = () => hci.reset();
    // It keeps 1.4 kB for every address it has ever heard, and beacons change theirs.
    hci.removeAllListeners("leAdvertisingReport");
    hci.removeAllListeners("leExtendedAdvertisingReport");
    hci.on("leAdvertisingReport", (_status, _type, address, _addressType, data, rssi) =>
      this.#hear(address, data, rssi),
    );
    hci.on(
      "leExtendedAdvertisingReport",
      (_status, _type, address, _addressType, _tx, rssi, data) => this.#hear(address, data, rssi),
    );
    noble.on("scanStop", () => {
      this.#isInterrupted = true;
    });
  }

  #hear(address: string, data: Buffer, rssi: number): void {
    const { clock } = this.#options;
    this.#heardAtMs = clock.monotonicMs();
    this.#onAdvert({
      atMs: clock.nowMs(),
      data: Uint8Array.from(data),
      rssiDbm: rssi === RSSI_UNKNOWN ? null : rssi,
      address: Uint8Array.from(Buffer.from(address.replaceAll(":", ""), "hex")),
    });
  }
}

function requireNoble(extended: boolean): Noble {
  return require("@abandonware/noble/with-custom-binding")({ extended });
}
