import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import type { ClosingJob } from "./close-hour.ts";
import type { ClosingReply, ClosingRequest } from "./closing-messages.ts";
import { DamagedHourError } from "./damage.ts";
import type { HourCloser } from "./hour-closer.ts";
import type { ClosedHour } from "./hour-file.ts";

interface Waiting {
  readonly resolve: (closed: ClosedHour | null) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Closes hours in a thread of its own: neither commits nor requests wait for it. A thread that died, for want of memory
 * say, is followed by another when there is something to close again.
 */
export class ClosingThread implements HourCloser {
  readonly #program: string;
  readonly #waiting: Waiting[] = [];
  #worker: Worker | null = null;

  constructor() {
    this.#program = createRequire(import.meta.url).resolve("@glowworm/server/closing-worker");
  }

  async close(job: ClosingJob): Promise<ClosedHour> {
    const closed = await this.#ask({ kind: "close", job });
    if (closed === null) throw new Error("the closing thread answered something else");
    return closed;
  }

  async discard(path: string): Promise<void> {
    await this.#ask({ kind: "discard", path });
  }

  async end(): Promise<void> {
    await this.#worker?.terminate();
  }

  #ask(request: ClosingRequest): Promise<ClosedHour | null> {
    return new Promise((resolve, reject) => {
      this.#worker ??= this.#start();
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(request);
    });
  }

  #start(): Worker {
    const worker = new Worker(this.#program, { execArgv: [] });
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
