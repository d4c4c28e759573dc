import type { EventEmitter } from "node:events";
import { Failure, messageOf } from "@glowworm/platform";
import { EVENT, OPCODE, opcodeOf, PACKET, STATUS } from "./hci.ts";
import type { HciSink, HciTransport } from "./transport.ts";

/** What we use of `@abandonware/bluetooth-hci-socket`. */
export interface NativeSocket extends EventEmitter {
  getDeviceList(): readonly { readonly devId: number | null; readonly devUp: boolean | null }[];
  bindRaw(index: number): number;
  bindUser(index: number): number;
  isDevUp(): boolean;
  setFilter(filter: Buffer): void;
  start(): void;
  stop(): void;
  write(packet: Buffer): void;
}

export type NativeSocketClass = new () => NativeSocket;

/**
 * Commands that would change a controller under everybody who shares it: the kernel has done them, so they are answered
 * here instead of being sent.
 */
const DONE_BY_KERNEL: ReadonlySet<number> = new Set([
  OPCODE.reset,
  OPCODE.setEventMask,
  OPCODE.leSetEventMask,
  OPCODE.writeLeHostSupported,
]);

/**
 * An adapter of the Linux kernel. One that is switched off is taken whole (user channel); one that is on belongs to the
 * desktop as well and is shared (raw channel), so that a mouse or a headset goes on working.
 */
export class NativeTransport implements HciTransport {
  readonly #index: number;
  readonly #Socket: NativeSocketClass;
  readonly #isPluggedIn: () => boolean;
  #socket: NativeSocket | null = null;
  #sink: HciSink | null = null;
  #isShared = false;

  constructor(index: number, Socket: NativeSocketClass, isPluggedIn: () => boolean) {
    this.#index = index;
    this.#Socket = Socket;
    this.#isPluggedIn = isPluggedIn;
  }

  async open(sink: HciSink): Promise<void> {
    try {
      this.#socket = this.#bind(sink);
      this.#sink = sink;
    } catch (error) {
      throw this.#failure(error);
    }
  }

  write(packet: Uint8Array): void {
    const opcode = opcodeOf(packet);
    if (this.#isShared && DONE_BY_KERNEL.has(opcode)) {
      const answer = [PACKET.event, EVENT.commandComplete, 4, 1, opcode & 0xff, opcode >> 8];
      const event = Uint8Array.of(...answer, STATUS.success);
      queueMicrotask(() => this.#sink?.onPacket(event));
      return;
    }
    this.#socket?.write(Buffer.from(packet));
  }

  isUp(): boolean {
    if (this.#socket === null || !this.#isPluggedIn()) return false;
    // The kernel's own idea of up and down says nothing about an adapter it has handed over.
    return !this.#isShared || this.#socket.isDevUp();
  }

  close(): void {
    this.#socket?.removeAllListeners();
    this.#socket?.stop();
    this.#socket = null;
    this.#sink = null;
  }

  #bind(sink: HciSink): NativeSocket {
    const socket = new this.#Socket();
    socket.on("data", (packet: Buffer) => sink.onPacket(packet));
    socket.on("error", (error: Error) => sink.onLost(this.#failure(error)));
    const found = socket.getDeviceList().find((device) => device.devId === this.#index);
    this.#isShared = found?.devUp === true;
    if (this.#isShared) {
      socket.bindRaw(this.#index);
      socket.setFilter(reportsAndAnswers());
    } else {
      socket.bindUser(this.#index);
    }
    socket.start();
    return socket;
  }

  #failure(cause: unknown): Failure {
    const reason = messageOf(cause);
    const name = `hci${this.#index}`;
    const isForbidden = /\bEPERM\b|not permitted/i.test(reason);
    return new Failure(
      isForbidden ? "noPermission" : "noBluetooth",
      `--adapter ${name}: ${reason}`,
      isForbidden
        ? `sudo setcap cap_net_raw,cap_net_admin+eip ${process.execPath}`
        : `end what else uses ${name}, switch it off with sudo hciconfig ${name} down, start this command again`,
      { cause },
    );
  }
}

/** struct hci_filter: packet types, event codes in two words, opcode (0: any). A raw socket without one hears nothing. */
function reportsAndAnswers(): Buffer {
  const filter = Buffer.alloc(16);
  filter.writeUInt32LE((1 << PACKET.command) | (1 << PACKET.event), 0);
  filter.writeUInt32LE((1 << EVENT.commandComplete) | (1 << EVENT.commandStatus), 4);
  filter.writeUInt32LE(2 ** (EVENT.leMeta - 32), 8);
  return filter;
}
