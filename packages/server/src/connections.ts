import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { ServerLimits } from "./limits.ts";
import { NetworkCounts } from "./network-counts.ts";
import { sourcePrefixOf } from "./source-prefix.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";

/**
 * Who is connected. A network has its share of connections; proxies, who speak for many, are not counted. Connections
 * that wait for a request never keep anybody out: the one that has waited longest ends when the last place is taken,
 * so thousands of idle ones hold a place for a moment each. When none waits, it is the one whose request began first: who
 * reads his answer a byte at a time.
 */
export class Connections {
  readonly #limits: ServerLimits;
  readonly #proxies: TrustedProxies;
  readonly #counts: NetworkCounts;
  /** Every connection, with the network it is counted for. */
  readonly #open: Map<Socket, string | null> = new Map();
  /** Those without a request in flight, in the order in which they began to wait. */
  readonly #waiting: Set<Socket> = new Set();
  /** The others, in the order in which their requests began, with the number of their answers that are not over. */
  readonly #busy: Map<Socket, number> = new Map();

  constructor(limits: ServerLimits, proxies: TrustedProxies) {
    this.#limits = limits;
    this.#proxies = proxies;
    this.#counts = new NetworkCounts(limits.connectionsPerNetwork);
  }

  /** Watches the door of a server. */
  guard(server: HttpServer): void {
    server.maxConnections = this.#limits.connections;
    server.prependListener("connection", (socket: Socket) => this.#take(socket));
    server.prependListener("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
      this.#waiting.delete(socket);
      this.#busy.set(socket, (this.#busy.get(socket) ?? 0) + 1);
      response.once("close", () => this.#answered(socket));
    });
  }

  #answered(socket: Socket): void {
    const left = (this.#busy.get(socket) ?? 0) - 1;
    if (!this.#open.has(socket)) return;
    if (left > 0) {
      this.#busy.set(socket, left);
      return;
    }
    this.#busy.delete(socket);
    this.#waiting.add(socket);
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
