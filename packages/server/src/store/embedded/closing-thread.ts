import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import type { Closed, ClosingReply, ClosingRequest, ClosingSettings } from "./closing-messages.ts";
import { DamagedHourError } from "./damage.ts";

interface Waiting {
  readonly resolve: (closed: Closed) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A thread that closes segments or hours: neither commits nor requests wait for it. One that died, for want of memory
 * say, is followed by another when there is something to close again.
 */
export class ClosingThread {
  readonly #settings: ClosingSettings;
  readonly #program: string;
  readonly #waiting: Waiting[] = [];
  #worker: Worker | null = null;

  constructor(settings: ClosingSettings) {
    this.#settings = settings;
    this.#program = createRequire(import.meta.url).resolve("@glowworm/server/closing-worker");
  }

  ask(request: ClosingRequest): Promise<Closed> {
    return new Promise((resolve, reject) => {
      this.#worker ??= this.#start();
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(request);
    });
  }

  async end(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#program, { workerData: this.#settings, execArgv: [] });
    worker.on("message", (reply: ClosingReply) => this.#settle(reply));
    worker.on("error", (error) => this.#fail(worker, error));
    worker.on("exit", () => this.#fail(worker, new Error("the closing thread has ended")));
    return worker;
  }

  #settle(reply: ClosingReply): void {
    const waiting = this.#waiting.shift();
    if ("closed" in reply) waiting?.resolve(reply.closed);
    else waiting?.reject(new (reply.isDamage ? DamagedHourError : Error)(reply.message));
  }

  #fail(worker: Worker, cause: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    for (const { reject } of this.#waiting.splice(0)) reject(cause);
  }
}
