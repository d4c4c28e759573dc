import type { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import { type Clock, UsageError } from "@glowworm/protocol";
import {
  type Adapter,
  type Advertiser,
  accepted,
  assertPoweredOn,
  type HciSocket,
  hciCommand,
  isNonResolvable,
  loadDriver,
  OPCODE,
  OWN_ADDRESS_RANDOM,
  openController,
  withoutSignalHooks,
} from "@glowworm/radio";

/** What we use of bleno 0.6.2. */
interface Bleno extends EventEmitter {
  readonly state: string;
  readonly _bindings: { readonly _hci: BlenoHci };
}

interface BlenoHci {
  setAdvertisingParameters(): void;
  setAdvertisingData(data: Buffer): void;
  setAdvertiseEnable(isOn: boolean): void;
  pollIsDevUp(): void;
  reset(): void;
}

/** Advertising data of a legacy advertisement. Core Specification, Vol 6, Part B, 2.3.1. */
const DATA_MAX_BYTES = 31;
/** ADV_NONCONN_IND: nobody can connect, nobody is answered. */
const NON_CONNECTABLE = 0x03;
/** 100 ms in units of 0.625 ms: the least that controllers before Bluetooth 5 take for this type. */
const INTERVAL = 160;
const ALL_CHANNELS = 0x07;

const require = createRequire(import.meta.url);

/** What a bleno advertiser needs. */
export interface BlenoAdvertiserOptions {
  readonly adapter: Adapter;
  readonly clock: Clock;
}

/** Advertises through bleno. The adapter is looked for in `start`. */
export function createBlenoAdvertiser(options: BlenoAdvertiserOptions): Advertiser {
  return new BlenoAdvertiser(options);
}

interface Running {
  readonly socket: HciSocket;
  readonly hci: BlenoHci;
  readonly unhook: () => void;
}

/** Invariant: the controller never advertises other than non-connectable and from the address last given to `set`. */
class BlenoAdvertiser implements Advertiser {
  readonly #options: BlenoAdvertiserOptions;
  #address: Uint8Array | null = null;
  #running: Running | null = null;
  #turn: Promise<void> = Promise.resolve();

  constructor(options: BlenoAdvertiserOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#end();
      this.#running = await power(this.#options);
    });
  }

  async set(data: Uint8Array, address?: Uint8Array): Promise<void> {
    const next = address?.slice() ?? this.#address;
    if (data.length > DATA_MAX_BYTES) {
      throw new UsageError(`data: expected at most ${DATA_MAX_BYTES} bytes, got ${data.length}`);
    }
    if (next === null || !isNonResolvable(next)) {
      throw new UsageError("address: expected a non-resolvable private address");
    }
    this.#address = next;
    await this.#inTurn(() => this.#advertise(data, next));
  }

  stop(): Promise<void> {
    return this.#inTurn(() => this.#end());
  }

  /**
   * Everything is said every time, address and parameters too: a controller that was reset behind our back would
   * otherwise go on connectable and with its public address. Each answer is awaited before the next command, so that
   * nothing is switched on after a refusal.
   */
  async #advertise(data: Uint8Array, address: Uint8Array): Promise<void> {
    if (this.#running === null) throw new UsageError("set: the advertiser is not started");
    const { socket, hci } = this.#running;
    const setAddress = hciCommand(OPCODE.leSetRandomAddress, address.toReversed());
    await accepted(socket, () => hci.setAdvertiseEnable(false));
    await accepted(socket, () => socket.write(setAddress));
    await accepted(socket, () => hci.setAdvertisingParameters());
    await accepted(socket, () => hci.setAdvertisingData(Buffer.from(data)));
    await accepted(socket, () => hci.setAdvertiseEnable(true));
  }

  async #end(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    if (running === null) return;
    // A controller that is gone says nothing any more, so that its silence here is no failure.
    await running.socket.exchange(() => running.hci.setAdvertiseEnable(false));
    running.socket.close();
    running.unhook();
  }

  /** One call after the other: a `set` that overtakes `stop` would leave the radio on. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

async function power({ adapter, clock }: BlenoAdvertiserOptions): Promise<Running> {
  const { socket } = await openController(adapter, clock);
  let unhook = (): void => {};
  try {
    const bleno = loadDriver(socket, requireBleno);
    const hci = bleno._bindings._hci;
    harden(hci, socket);
    unhook = withoutSignalHooks(() => bleno.on("stateChange", () => {}));
    await socket.idle();
    assertPoweredOn(bleno.state);
    await accepted(socket, () => hci.setAdvertiseEnable(false));
    await accepted(socket, () => hci.setAdvertisingParameters());
    return { socket, hci, unhook };
  } catch (error) {
    unhook();
    socket.close();
    throw error;
  }
}

/** bleno is one instance a process, made when it is loaded, and stays bound to its first socket. */
function requireBleno(): Bleno {
  const folder = dirname(require.resolve("@abandonware/bleno")) + sep;
  for (const file of Object.keys(require.cache)) {
    if (file.startsWith(folder)) delete require.cache[file];
  }
  return require("@abandonware/bleno");
}

/** bleno's own parameters are connectable and show the public address; its poll is a timer that never ends. */
function harden(hci: BlenoHci, socket: HciSocket): void {
  hci.setAdvertisingParameters = () => {
    const interval = [INTERVAL & 0xff, INTERVAL >> 8];
    const types = [NON_CONNECTABLE, OWN_ADDRESS_RANDOM];
    const noPeer = [0, 0, 0, 0, 0, 0, 0];
    const parameters = [...interval, ...interval, ...types, ...noPeer, ALL_CHANNELS, 0];
    socket.write(hciCommand(OPCODE.leSetAdvertisingParameters, Uint8Array.from(parameters)));
  };
  hci.pollIsDevUp = () => hci.reset();
}
