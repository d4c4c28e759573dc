import type { Clock } from "@glowworm/protocol";
import { decodeAnswer, opcodeOf } from "./hci.ts";

/**
 * A working controller answers within milliseconds. Less than the 2 s of the Linux kernel: on an adapter that another program
 * has taken for itself, the kernel lets each further command of ours through only after those 2 s, and that must fail.
 */
const ANSWER_TIMEOUT_MS = 1500;

/** A command and what became of it. */
export interface AnsweredCommand {
  readonly packet: Uint8Array;
  /** 0 for success; null when no answer came. */
  readonly status: number | null;
  /** Return parameters after the status. */
  readonly parameters: Uint8Array;
}

interface Command {
  readonly packet: Uint8Array;
  readonly settle: (answered: AnsweredCommand) => void;
  readonly answered: AbortController;
}

/**
 * Hands commands to a controller one at a time, the next one only when the last is answered and the controller says that
 * it takes another (Num_HCI_Command_Packets). noble and bleno send bursts; neither a UART nor the kernel's user channel
 * holds them back.
 */
export class CommandQueue {
  readonly #clock: Clock;
  readonly #send: (packet: Uint8Array) => void;
  #waiting: Command[] = [];
  #inFlight: Command | null = null;
  #hasCredit = true;

  constructor(clock: Clock, send: (packet: Uint8Array) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  get isIdle(): boolean {
    return this.#inFlight === null && this.#waiting.length === 0;
  }

  /** Queues a command; settles when it is answered or given up on. */
  submit(packet: Uint8Array): Promise<AnsweredCommand> {
    return new Promise((settle) => {
      this.#waiting.push({ packet, settle, answered: new AbortController() });
      this.#pump();
    });
  }

  /** Takes a packet from the controller; true when it answers the command in flight. Call `next` afterwards. */
  take(packet: Uint8Array): boolean {
    const answer = decodeAnswer(packet);
    if (answer === null) return false;
    const command = this.#inFlight;
    const isOurs = command !== null && opcodeOf(command.packet) === answer.opcode;
    this.#hasCredit = answer.credits > 0;
    if (!this.#hasCredit) void this.#awaitCredit();
    if (isOurs) this.#finish(command, answer.status, answer.parameters);
    return isOurs;
  }

  /** Sends the next command if one may be sent. */
  next(): void {
    this.#pump();
  }

  /** Gives up on everything queued. */
  abandon(): void {
    const commands = [...(this.#inFlight === null ? [] : [this.#inFlight]), ...this.#waiting];
    this.#waiting = [];
    for (const command of commands) this.#finish(command, null);
  }

  #pump(): void {
    if (this.#inFlight !== null || !this.#hasCredit) return;
    const command = this.#waiting.shift();
    if (command === undefined) return;
    this.#inFlight = command;
    this.#hasCredit = false;
    void this.#expire(command);
    this.#send(command.packet);
  }

  async #expire(command: Command): Promise<void> {
    await this.#clock.sleep(ANSWER_TIMEOUT_MS, command.answered.signal);
    if (this.#inFlight !== command) return;
    // An answer that was lost took its credit with it.
    this.#hasCredit = true;
    this.#finish(command, null);
    this.#pump();
  }

  /** A controller that never gives a credit again must not hold its caller for ever. */
  async #awaitCredit(): Promise<void> {
    await this.#clock.sleep(ANSWER_TIMEOUT_MS);
    this.#hasCredit = true;
    this.#pump();
  }

  #finish(
    command: Command,
    status: number | null,
    parameters: Uint8Array = new Uint8Array(0),
  ): void {
    if (this.#inFlight === command) this.#inFlight = null;
    command.answered.abort();
    command.settle({ packet: command.packet, status, parameters });
  }
}
