import { Failure } from "@glowworm/platform";
import {
  EVENT,
  type HciSink,
  type HciTransport,
  hciCommand,
  OPCODE,
  opcodeOf,
  PACKET,
  STATUS,
  u16,
} from "@glowworm/radio";
import { extendedReport, legacyReport, type Report } from "./hci-reports.ts";

/** One advertisement on the air. */
export interface Pdu extends Report {
  readonly atMs: number;
  readonly from: VirtualController;
}

/** A command as the controller got it. */
export interface Command {
  readonly opcode: number;
  readonly parameters: Uint8Array;
}

interface Memory {
  randomAddress: Uint8Array | null;
  advertising: Uint8Array | null;
  advertisingData: Uint8Array;
  isAdvertising: boolean;
  isActiveScan: boolean;
  isRandomScan: boolean;
  scan: "off" | "legacy" | "extended";
  filtersDuplicates: boolean;
  commandSet: "legacy" | "extended" | null;
}

type Answer = readonly [status: number, ...parameters: number[]];

const blank = (): Memory => ({
  randomAddress: null,
  advertising: null,
  advertisingData: new Uint8Array(0),
  isAdvertising: false,
  isActiveScan: false,
  isRandomScan: false,
  scan: "off",
  filtersDuplicates: false,
  commandSet: null,
});

const VERSION = [0x09, 0, 0, 0x09, 0xf1, 0x05, 0, 0] as const;
const LEGACY: ReadonlySet<number> = new Set([
  OPCODE.leSetAdvertisingParameters,
  OPCODE.leSetAdvertisingData,
  OPCODE.leSetAdvertiseEnable,
  OPCODE.leSetScanParameters,
  OPCODE.leSetScanEnable,
]);
const EXTENDED: ReadonlySet<number> = new Set([
  OPCODE.leSetExtendedScanParameters,
  OPCODE.leSetExtendedScanEnable,
]);
/** Least interval of a non-connectable advertisement before Bluetooth 5, in units of 0.625 ms. */
const NON_CONNECTABLE_INTERVAL_MIN = 160;

/**
 * A Bluetooth controller in this process, with the rules of the Core Specification that matter here. It goes on
 * advertising when its host goes away, as a real one does.
 */
export class VirtualController {
  /** Every command it got, in order. */
  readonly commands: Command[] = [];
  /** Commands that came while another was unanswered. */
  overruns = 0;
  /** Opcodes it leaves without an answer. */
  readonly deafTo: Set<number> = new Set();
  readonly publicAddress: Uint8Array;
  readonly hasExtended: boolean;
  readonly #onSwitch: () => void;
  #memory = blank();
  #heard = new Set<string>();
  #sink: HciSink | null = null;
  #isUp = true;
  #isBusy = false;

  constructor(publicAddress: Uint8Array, hasExtended: boolean, onSwitch: () => void) {
    this.publicAddress = publicAddress;
    this.hasExtended = hasExtended;
    this.#onSwitch = onSwitch;
  }

  /** The host's end. Handed to an adapter as `() => controller.transport()`. */
  transport(): HciTransport {
    return {
      open: (sink) => {
        if (!this.#isUp)
          return Promise.reject(new Failure("noBluetooth", "unplugged", "plug it in"));
        this.#sink = sink;
        return Promise.resolve();
      },
      write: (packet) => this.#receive(packet),
      isUp: () => this.#isUp,
      close: () => {
        this.#sink = null;
      },
    };
  }

  get isAdvertising(): boolean {
    return this.#memory.isAdvertising;
  }

  get isScanning(): boolean {
    return this.#memory.scan !== "off";
  }

  /** Advertising interval in milliseconds. */
  get intervalMs(): number {
    return u16(this.#memory.advertising ?? new Uint8Array(2), 0) * 0.625;
  }

  /** What it would say now. */
  pdu(atMs: number): Pdu {
    const { advertising, randomAddress, advertisingData } = this.#memory;
    const isRandomAddress = advertising?.[5] === 1;
    const address = (isRandomAddress ? randomAddress : null)?.toReversed() ?? this.publicAddress;
    return {
      atMs,
      from: this,
      address,
      isRandomAddress,
      type: advertising?.[4] ?? 0,
      data: advertisingData,
    };
  }

  /** Hears an advertisement and reports it to the host as the scan in force demands. */
  hear(pdu: Pdu, rssi: number): void {
    const { scan, filtersDuplicates } = this.#memory;
    if (scan === "off" || (pdu.type === "extended" && scan === "legacy")) return;
    const key = `${pdu.address}`;
    if (filtersDuplicates && this.#heard.has(key)) return;
    this.#heard.add(key);
    this.inject(scan === "legacy" ? legacyReport(pdu, rssi) : extendedReport(pdu, rssi));
  }

  /** Gives the host any bytes. */
  inject(packet: Uint8Array): void {
    this.#sink?.onPacket(packet);
  }

  /** Forgets everything without a word, as after `hciconfig reset`. */
  reset(): void {
    this.#memory = blank();
  }

  /** The way to the host breaks; the controller itself is well. */
  disconnect(): void {
    this.#sink?.onLost(new Failure("noBluetooth", "disconnected", "connect it again"));
    this.#sink = null;
  }

  unplug(): void {
    this.reset();
    this.#isUp = false;
  }

  plug(): void {
    this.#isUp = true;
  }

  /** Another program switches the scan, which a shared adapter shows as a command. */
  switchScan(isOn: boolean): void {
    const on = this.hasExtended ? "extended" : "legacy";
    const opcode = this.hasExtended ? OPCODE.leSetExtendedScanEnable : OPCODE.leSetScanEnable;
    this.#memory.scan = isOn ? on : "off";
    this.inject(hciCommand(opcode, Uint8Array.of(isOn ? 1 : 0, 0)));
  }

  #receive(packet: Uint8Array): void {
    if (!this.#isUp) return;
    const opcode = opcodeOf(packet);
    const parameters = packet.slice(4);
    this.commands.push({ opcode, parameters });
    if (this.#isBusy) this.overruns += 1;
    if (this.deafTo.has(opcode)) return;
    this.#isBusy = true;
    queueMicrotask(() => {
      this.#isBusy = false;
      const [status, ...rest] = this.#answer(opcode, parameters);
      const code = [opcode & 0xff, opcode >> 8];
      const isUnknown = status === STATUS.unknownCommand;
      const event = isUnknown
        ? [PACKET.event, EVENT.commandStatus, 4, status, 1, ...code]
        : [PACKET.event, EVENT.commandComplete, 4 + rest.length, 1, ...code, status, ...rest];
      this.inject(Uint8Array.from(event));
    });
  }

  #answer(opcode: number, p: Uint8Array): Answer {
    switch (opcode) {
      case OPCODE.setEventMask:
      case OPCODE.leSetEventMask:
      case OPCODE.writeLeHostSupported:
        return [STATUS.success];
      case OPCODE.reset:
        this.reset();
        return [STATUS.success];
      case OPCODE.readLeHostSupported:
        return [STATUS.success, 1, 0];
      case OPCODE.readLocalVersion:
        return [STATUS.success, ...VERSION];
      case OPCODE.readSupportedCommands:
        return [STATUS.success, ...supportedCommands(this.hasExtended)];
      case OPCODE.readBdAddr:
        return [STATUS.success, ...this.publicAddress.toReversed()];
      case OPCODE.leReadBufferSize:
        return [STATUS.success, 0x1b, 0, 4];
      case OPCODE.leSetRandomAddress:
        return this.#setRandomAddress(p);
      default:
        return this.#answerLe(opcode, p);
    }
  }

  #answerLe(opcode: number, p: Uint8Array): Answer {
    const isExtended = EXTENDED.has(opcode);
    const isKnown = isExtended ? this.hasExtended : LEGACY.has(opcode);
    if (!isKnown) return [STATUS.unknownCommand];
    const commandSet = isExtended ? "extended" : "legacy";
    this.#memory.commandSet ??= commandSet;
    // Core Specification, Vol 4, Part E, 3.1.1: a host uses one of the two sets until the next reset.
    if (this.#memory.commandSet !== commandSet) return [STATUS.disallowed];
    switch (opcode) {
      case OPCODE.leSetAdvertisingParameters:
        return this.#setAdvertising(p);
      case OPCODE.leSetAdvertisingData:
        this.#memory.advertisingData = p.slice(1, 1 + (p[0] ?? 0));
        return [STATUS.success];
      case OPCODE.leSetAdvertiseEnable:
        return this.#enableAdvertising(p[0] === 1);
      case OPCODE.leSetScanParameters:
        return this.#setScan(p[0] === 1, p[5] === 1);
      case OPCODE.leSetExtendedScanParameters:
        return this.#setScan(p[3] === 1, p[0] === 1);
      case OPCODE.leSetScanEnable:
      case OPCODE.leSetExtendedScanEnable:
        return this.#enableScan(p[0] === 1 ? commandSet : "off", p[1] === 1);
      default:
        return [STATUS.unknownCommand];
    }
  }

  #setRandomAddress(p: Uint8Array): Answer {
    if (this.isAdvertising || this.isScanning) return [STATUS.disallowed];
    this.#memory.randomAddress = p.slice(0, 6);
    return [STATUS.success];
  }

  #setAdvertising(p: Uint8Array): Answer {
    if (this.isAdvertising) return [STATUS.disallowed];
    if (p[4] === 3 && u16(p, 0) < NON_CONNECTABLE_INTERVAL_MIN) return [STATUS.invalid];
    this.#memory.advertising = p.slice();
    return [STATUS.success];
  }

  #enableAdvertising(isOn: boolean): Answer {
    const isRandom = this.#memory.advertising?.[5] === 1;
    if (isOn && isRandom && this.#memory.randomAddress === null) return [STATUS.invalid];
    this.#memory.isAdvertising = isOn;
    this.#onSwitch();
    return [STATUS.success];
  }

  #setScan(isActive: boolean, isRandom: boolean): Answer {
    if (this.isScanning) return [STATUS.disallowed];
    this.#memory.isActiveScan = isActive;
    this.#memory.isRandomScan = isRandom;
    return [STATUS.success];
  }

  #enableScan(scan: Memory["scan"], filtersDuplicates: boolean): Answer {
    const lacksAddress = this.#memory.isRandomScan && this.#memory.randomAddress === null;
    if (scan !== "off" && lacksAddress) return [STATUS.invalid];
    this.#memory.scan = scan;
    this.#memory.filtersDuplicates = filtersDuplicates;
    this.#heard = new Set();
    return [STATUS.success];
  }
}

function supportedCommands(hasExtended: boolean): number[] {
  const octets = new Array<number>(64).fill(0);
  octets[37] = hasExtended ? 0x60 : 0;
  return octets;
}
