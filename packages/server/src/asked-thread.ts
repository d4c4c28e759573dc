import { createRequire } from "node:module";
import { type Transferable, Worker } from "node:worker_threads";

interface Waiting<Reply> {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A thread that answers each message with one, in order. It is begun with the first question; one that died, for want of
 * memory say, is followed by another when something is asked again.
 */
export class AskedThread<Request, Reply> {
  readonly #program: string;
  readonly #workerData: unknown;
  readonly #waiting: Waiting<Reply>[] = [];
  #worker: Worker | null = null;
  #hasEnded = false;

  /** @param program its name among the exports of this package: threads run the compiled program. */
  constructor(program: string, workerData?: unknown) {
    this.#program = createRequire(import.meta.url).resolve(`@glowworm/server/${program}`);
    this.#workerData = workerData;
  }

  /** @param handedOver is not there for who asks any more, and not copied. @throws {Error} when the thread dies of it. */
  ask(request: Request, handedOver: readonly Transferable[] = []): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#hasEnded) throw new Error("the thread was ended");
      this.#worker ??= this.#start();
      // What cannot be sent is not waited for: answers belong to questions by their order alone.
      this.#worker.postMessage(request, handedOver);
      this.#waiting.push({ resolve, reject });
    });
  }

  /** What is waiting fails, and whatever is asked afterwards. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#program, { workerData: this.#workerData, execArgv: [] });
    worker.on("message", (reply: Reply) => this.#waiting.shift()?.resolve(reply));
    worker.on("error", (error) => this.#fail(worker, error));
    worker.on("exit", () => this.#fail(worker, new Error("the thread has ended")));
    return worker;
  }

  #fail(worker: Worker, cause: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    for (const { reject } of this.#waiting.splice(0)) reject(cause);
  }
}
