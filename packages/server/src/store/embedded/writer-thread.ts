import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { Failure } from "@glowworm/platform";
import {
  StoreBusyError,
  StoreFullError,
  StoreLostError,
  StoreUnavailableError,
} from "../report-store.ts";
import type {
  WriterClient,
  WriterError,
  WriterMessage,
  WriterReply,
  WriterRequest,
  WriterSettings,
} from "./messages.ts";

interface Waiting {
  readonly resolve: (reply: WriterReply) => void;
  readonly reject: (error: Error) => void;
}

/** A writer in a thread of its own, so that no fsync holds up the event loop. */
export class WriterThread implements WriterClient {
  readonly #worker: Worker;
  readonly #waiting: Map<number, Waiting> = new Map();
  #nextId = 0;
  #isGone = false;

  constructor(settings: WriterSettings) {
    // Threads run the compiled program, whatever conditions or loaders this process was started with.
    const program = createRequire(import.meta.url).resolve("@glowworm/server/commit-worker");
    this.#worker = new Worker(program, { workerData: settings, execArgv: [] });
    this.#worker.on("message", (message: WriterMessage) => this.#settle(message));
    this.#worker.on("error", (error) => this.#fail(error));
    this.#worker.on("exit", () => this.#fail(new Error("the writing thread has ended")));
  }

  ask(request: WriterRequest): Promise<WriterReply> {
    return new Promise((resolve, reject) => {
      if (this.#isGone) {
        reject(new StoreLostError("the writing thread has ended"));
        return;
      }
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve, reject });
      // The records of a commit are handed over, not copied.
      const handedOver = request.kind === "commit" ? [request.records.buffer as ArrayBuffer] : [];
      this.#worker.postMessage({ id, request }, handedOver);
    });
  }

  /** Ends a thread that could not open its store. */
  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(message: WriterMessage): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ("reply" in message) waiting?.resolve(message.reply);
    else waiting?.reject(errorOf(message.error));
  }

  #fail(cause: unknown): void {
    this.#isGone = true;
    for (const { reject } of this.#waiting.values()) {
      reject(new StoreLostError("the writing thread has ended", { cause }));
    }
    this.#waiting.clear();
  }
}

function errorOf(error: WriterError): Error {
  const { failure, message, isFull, busy } = error;
  if (failure !== null) return new Failure(failure.exit, message, failure.remedy);
  if (busy !== null) return new StoreBusyError(message, busy.retrySeconds);
  return isFull ? new StoreFullError(message) : new StoreUnavailableError(message);
}
