import { connect, createServer, type Socket } from "node:net";

/** Bytes after which a connection may be cut: about a batch of 64 and its answer. */
const REACH_BYTES = 12_000;
/** An answer is short: most cuts must be within it to hit it at all. */
const ANSWER_BYTES = 250;
const PORT_OF_URL = /:(\d+)$/;

/** A network that cuts connections at any byte, of requests and of answers. */
export class CuttingProxy {
  cuts = 0;
  readonly #draw: (below: number) => number;
  readonly #server = createServer((client) => this.#serve(client));
  readonly #sockets: Set<Socket> = new Set();
  #port = 0;
  #isCutting = true;
  #waiting: (() => void)[] = [];

  /** @param draw a whole number from 0 to `below`, exclusive. */
  constructor(draw: (below: number) => number) {
    this.#draw = draw;
  }

  /** Listens on loopback; returns the address to use instead of the server's. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return `http://127.0.0.1:${address.port}`;
  }

  /** Where the server is now. */
  set target(url: string) {
    this.#port = Number(PORT_OF_URL.exec(url)?.[1]);
  }

  /** Resolves with the next connection. */
  async connection(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** From now on all gets through. */
  mend(): void {
    this.#isCutting = false;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(client: Socket): void {
    for (const wake of this.#waiting.splice(0)) wake();
    const server = connect(this.#port, "127.0.0.1");
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", end);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    // Every third connection is cut on its way there, every third on its way back.
    const fate = this.#isCutting ? this.#draw(3) : 2;
    this.#pass(client, server, fate === 0 ? this.#draw(REACH_BYTES) : Number.POSITIVE_INFINITY);
    this.#pass(server, client, fate === 1 ? this.#draw(ANSWER_BYTES) : Number.POSITIVE_INFINITY);
  }

  /** Passes on up to `limit` bytes, then cuts the connection both ways. */
  #pass(from: Socket, to: Socket, limit: number): void {
    let left = limit;
    from.on("data", (bytes) => {
      to.write(bytes.subarray(0, Math.min(left, bytes.length)));
      left -= bytes.length;
      if (left > 0) return;
      this.cuts++;
      // What was let through arrives; then there is nothing any more.
      to.end();
      from.destroy();
    });
  }
}
