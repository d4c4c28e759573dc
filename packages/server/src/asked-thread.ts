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
  readonly #name: string;
  readonly #program: string;
  readonly #workerData: unknown;
  readonly #waiting: Waiting<Reply>[] = [];
  #worker: Worker | null = null;
  #hasEnded = false;

  /** @param program its name among the exports of this package: threads run the compiled program. */
  constructor(program: string, workerData?: unknown) {
    this.#name = program;
    this.#program = createRequire(import.meta.url).resolve(`@glowworm/server/${program}`);
    this.#workerData = workerData;
  }

  /** @param handedOver is not there for who asks any more, and not copied. @throws {Error} when the thread dies before it answers. */
  ask(request: Request, handedOver: readonly Transferable[] = []): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#hasEnded) throw new Error(`the thread ${this.#name} was ended`);
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
    worker.on("message", (reply: Reply) => this.#answer(worker, reply));
    worker.on("error", (cause) => this.#fail(worker, `: ${cause.message}`, { cause }));
    worker.on("exit", () => this.#fail(worker, ""));
    return worker;
  }

  /** A reply may come after the news that its thread has died, when somebody else waits for another one. */
  #answer(worker: Worker, reply: Reply): void {
    if (this.#worker === worker) this.#waiting.shift()?.resolve(reply);
  }

  /** What was asked may be what it died of: nothing is asked again, and nothing is begun until somebody asks. */
  #fail(worker: Worker, why: string, options?: ErrorOptions): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    const what = this.#hasEnded ? "was ended" : `has died${why}`;
    const error = new Error(`the thread ${this.#name} ${what}`, options);
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
