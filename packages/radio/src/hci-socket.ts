import { EventEmitter } from "node:events";
import type { Failure } from "@glowworm/platform";
import type { Clock } from "@glowworm/protocol";
import { type AnsweredCommand, CommandQueue } from "./command-queue.ts";
import { soundPackets } from "./event-guard.ts";
import { EVENT, PACKET } from "./hci.ts";
import type { HciTransport } from "./transport.ts";

/**
 * What noble and bleno get in place of the native HCI socket, over any transport. Invariants: they see only packets they
 * can parse, only answers to commands that went through here, and the controller gets one command at a time.
 */
export class HciSocket extends EventEmitter {
  readonly #transport: HciTransport;
  readonly #queue: CommandQueue;
  /** Collects the answers of the `exchange` that is writing just now. */
  #written: Promise<AnsweredCommand>[] | null = null;
  #last: Promise<AnsweredCommand> | null = null;
  #lost: Failure | null = null;

  constructor(transport: HciTransport, clock: Clock) {
    super();
    this.#transport = transport;
    this.#queue = new CommandQueue(clock, (packet) => transport.write(packet));
  }

  /** Why the controller is gone, or null. */
  get lost(): Failure | null {
    return this.#lost;
  }

  /** Takes the controller. @throws {Failure} */
  open(): Promise<void> {
    return this.#transport.open({
      onPacket: (packet) => this.#receive(packet),
      onLost: (reason) => {
        this.#lost ??= reason;
        this.#queue.abandon();
      },
    });
  }

  /** Runs `write`; settles with the answers to every command that it wrote, in order. */
  exchange(write: () => void): Promise<readonly AnsweredCommand[]> {
    const written: Promise<AnsweredCommand>[] = [];
    this.#written = written;
    try {
      write();
    } finally {
      this.#written = null;
    }
    return Promise.all(written);
  }

  /** Settles when every command is answered or given up on, those written in reaction to answers included. */
  async idle(): Promise<void> {
    while (!this.#queue.isIdle) await this.#last;
  }

  /** Whether the controller can be talked to. */
  isDevUp(): boolean {
    return this.#lost === null && this.#transport.isUp();
  }

  /** Sends a packet: called by noble and bleno, and by us for what they have no call for. */
  write(packet: Uint8Array): void {
    // Anything but a command needs a connection, and nobody here connects.
    if (packet[0] !== PACKET.command) return;
    this.#last = this.#queue.submit(packet);
    this.#written?.push(this.#last);
    if (this.#lost !== null) this.#queue.abandon();
  }

  /** Lets go of the controller. */
  close(): void {
    this.#queue.abandon();
    this.#transport.close();
    this.removeAllListeners();
  }

  /** The controller was chosen and taken by `open`. */
  bindRaw(): number {
    return 0;
  }

  bindUser(): number {
    return 0;
  }

  /** bleno binds a management socket when it is loaded, for keys of connections that are never made. */
  bindControl(): void {}

  setFilter(): void {}

  start(): void {}

  stop(): void {}

  #receive(packet: Uint8Array): void {
    const isAnswer = this.#queue.take(packet);
    for (const sound of soundPackets(packet)) {
      if (isAnswer || !isAboutCommand(sound)) this.emit("data", toBuffer(sound));
    }
    this.#queue.next();
  }
}

/** Whether a sound packet is an answer: nobody asked for it if it is not ours. */
function isAboutCommand(packet: Uint8Array): boolean {
  return packet[0] === PACKET.event && packet[1] !== EVENT.leMeta;
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
