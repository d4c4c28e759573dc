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

/** Closes hours in a thread of its own: neither commits nor requests wait for it. */
export class ClosingThread implements HourCloser {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #isGone = false;

  constructor() {
    const program = createRequire(import.meta.url).resolve("@glowworm/server/closing-worker");
    this.#worker = new Worker(program, { execArgv: [] });
    this.#worker.on("message", (reply: ClosingReply) => this.#settle(reply));
    this.#worker.on("error", (error) => this.#fail(error));
    this.#worker.on("exit", () => this.#fail(new Error("the closing thread has ended")));
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
    await this.#worker.terminate();
  }

  #ask(request: ClosingRequest): Promise<ClosedHour | null> {
    return new Promise((resolve, reject) => {
      if (this.#isGone) {
        reject(new Error("the closing thread has ended"));
        return;
      }
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(request);
    });
  }

  #settle(reply: ClosingReply): void {
    const waiting = this.#waiting.shift();
    if ("closed" in reply) waiting?.resolve(reply.closed);
    else waiting?.reject(new (reply.isDamage ? DamagedHourError : Error)(reply.message));
  }

  #fail(cause: Error): void {
    this.#isGone = true;
    for (const { reject } of this.#waiting.splice(0)) reject(cause);
  }
}
