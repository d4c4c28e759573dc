import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { DecodeError, type Evaluation, type VoprfKeys } from "@glowworm/protocol";
import { StoreUnavailableError } from "../store/report-store.ts";
import type { IssuingReply, IssuingRequest } from "./issuing-messages.ts";
import type { TokenIssuer } from "./token-issuer.ts";

interface Waiting {
  readonly resolve: (evaluation: Evaluation) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Issues tokens in a thread of its own: nobody's upload waits for it. It is begun with the first request; one that died is
 * followed by another.
 */
export class IssuingThread implements TokenIssuer {
  readonly #program: string;
  readonly #waiting: Waiting[] = [];
  #worker: Worker | null = null;

  constructor() {
    this.#program = createRequire(import.meta.url).resolve("@glowworm/server/issuing-worker");
  }

  evaluate(keys: VoprfKeys, blinded: readonly Uint8Array[]): Promise<Evaluation> {
    return new Promise((resolve, reject) => {
      this.#worker ??= this.#start();
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage({ keys, blinded } satisfies IssuingRequest);
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#program, { execArgv: [] });
    worker.on("message", (reply: IssuingReply) => this.#settle(reply));
    worker.on("error", (error) => this.#fail(worker, error));
    worker.on("exit", () => this.#fail(worker, new Error("it has ended")));
    return worker;
  }

  #settle(reply: IssuingReply): void {
    const waiting = this.#waiting.shift();
    if (reply !== null) waiting?.resolve(reply);
    else waiting?.reject(new DecodeError("bad-value", "issue.blinded", 0, "not an element"));
  }

  #fail(worker: Worker, cause: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    const error = new StoreUnavailableError("the issuing thread failed", { cause });
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
