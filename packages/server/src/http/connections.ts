import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "@glowworm/protocol";
import type { ServerLimits } from "./limits.ts";
import { NetworkCounts } from "./network-counts.ts";
import { sourcePrefixOf } from "./source-prefix.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";

/** Owners and mirrors give up an answer after 30 seconds. Who takes twice that long reads to hold a place. */
const ANSWER_MS_MAX = 60_000;
/** How often answers that take too long are looked for, while there is an answer at all. */
const LOOK_MS = 5000;

/** Answers of a connection that are not over. */
interface Busy {
  answers: number;
  /** Since when it waits for the next of them to be over; monotonic. */
  sinceMs: number;
}

/**
 * Who is connected. A network has its share of connections; proxies, who speak for many, are not counted. Connections
 * that wait for a request never keep anybody out: the one that has waited longest ends when the last place is taken,
 * so thousands of idle ones hold a place for a moment each. When none waits, it is the one whose request began first: who
 * reads his answer a byte at a time. Such a one ends in any case after a minute.
 */
export class Connections {
  readonly #limits: ServerLimits;
  readonly #proxies: TrustedProxies;
  readonly #clock: Clock;
  readonly #counts: NetworkCounts;
  /** Every connection, with the network it is counted for. */
  readonly #open: Map<Socket, string | null> = new Map();
  /** Those without a request in flight, in the order in which they began to wait. */
  readonly #waiting: Set<Socket> = new Set();
  /** The others, in the order in which their requests began. */
  readonly #busy: Map<Socket, Busy> = new Map();
  #isLooking = false;

  constructor(limits: ServerLimits, proxies: TrustedProxies, clock: Clock) {
    this.#limits = limits;
    this.#proxies = proxies;
    this.#clock = clock;
    this.#counts = new NetworkCounts(limits.connectionsPerNetwork);
  }

  /** Watches the door of a server. */
  guard(server: HttpServer): void {
    const closed = new AbortController();
    server.once("close", () => closed.abort());
    server.maxConnections = this.#limits.connections;
    server.prependListener("connection", (socket: Socket) => this.#take(socket));
    server.prependListener("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
      this.#waiting.delete(socket);
      this.#began(socket);
      if (!this.#isLooking) void this.#endSlowReaders(closed.signal);
      response.once("close", () => this.#answered(socket));
    });
  }

  #began(socket: Socket): void {
    // One that had to make room may still have had a request to be read.
    if (!this.#open.has(socket)) return;
    const busy = this.#busy.get(socket);
    if (busy !== undefined) busy.answers += 1;
    else this.#busy.set(socket, { answers: 1, sinceMs: this.#clock.monotonicMs() });
  }

  #answered(socket: Socket): void {
    const busy = this.#busy.get(socket);
    if (busy === undefined) return;
    busy.answers -= 1;
    busy.sinceMs = this.#clock.monotonicMs();
    if (busy.answers > 0) return;
    this.#busy.delete(socket);
    this.#waiting.add(socket);
  }

  /** Goes on while anybody is being answered. */
  async #endSlowReaders(closed: AbortSignal): Promise<void> {
    this.#isLooking = true;
    while (this.#busy.size > 0 && !closed.aborted) {
      await this.#clock.sleep(LOOK_MS, closed);
      const endMs = this.#clock.monotonicMs() - ANSWER_MS_MAX;
      for (const [socket, { sinceMs }] of this.#busy) if (sinceMs <= endMs) socket.destroy();
    }
    this.#isLooking = false;
  }

  #take(socket: Socket): void {
    const address = socket.remoteAddress ?? "";
    const network = this.#proxies.has(address) ? null : sourcePrefixOf(address);
    if (network !== null && !this.#counts.enter(network)) {
      socket.destroy();
      return;
    }
    this.#open.set(socket, network);
    this.#waiting.add(socket);
    socket.once("close", () => this.#leave(socket));
    if (this.#open.size >= this.#limits.connections) this.#makeRoomFor(socket);
  }

  #makeRoomFor(newcomer: Socket): void {
    const [waiting] = this.#waiting;
    const [busy] = this.#busy.keys();
    const longest = waiting === newcomer ? busy : waiting;
    if (longest === undefined) return;
    this.#leave(longest);
    longest.destroy();
  }

  #leave(socket: Socket): void {
    const network = this.#open.get(socket);
    if (network === undefined) return;
    this.#open.delete(socket);
    this.#waiting.delete(socket);
    this.#busy.delete(socket);
    if (network !== null) this.#counts.leave(network);
  }
}
