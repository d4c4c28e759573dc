import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Connection } from "./connection.ts";
import { latenciesOf } from "./latencies.ts";
import { getMessage, uploadMessage } from "./messages.ts";
import { type LoadResult, type LoadSpec, WARM_UP_SECONDS } from "./spec.ts";

/** Makes the load of a specification in this process. @throws when an answer is neither yes nor "later". */
export async function generate(spec: LoadSpec): Promise<LoadResult> {
  const run = new Run(spec);
  await (spec.perSecond === null ? run.closed() : run.open(spec.perSecond));
  return run.result();
}

class Run {
  readonly #spec: LoadSpec;
  readonly #connections: readonly Connection[];
  readonly #begin = performance.now() + WARM_UP_SECONDS * 1000;
  readonly #until: number;
  readonly #times: number[] = [];
  #refused = 0;
  #bodyBytes = 0;
  #lastAnswer = 0;

  constructor(spec: LoadSpec) {
    this.#spec = spec;
    this.#until = this.#begin + spec.seconds * 1000;
    const url = new URL(spec.url);
    this.#connections = Array.from({ length: spec.connections }, () => new Connection(url));
  }

  async closed(): Promise<void> {
    const work = async (connection: Connection): Promise<void> => {
      while (performance.now() < this.#until) await this.#send(connection, performance.now());
    };
    await Promise.all(this.#connections.map(work));
  }

  /** What is due and finds no free connection waits for one, and the wait counts. */
  async open(perSecond: number): Promise<void> {
    const started = performance.now();
    const total = Math.floor((perSecond * (this.#until - started)) / 1000);
    const dueAt = (index: number): number => started + (1000 * index) / perSecond;
    let next = 0;
    const work = async (connection: Connection): Promise<void> => {
      while (next < total) {
        const due = dueAt(next++);
        const early = due - performance.now();
        if (early > 0) await delay(early);
        await this.#send(connection, due);
      }
    };
    await Promise.all(this.#connections.map(work));
  }

  result(): LoadResult {
    for (const connection of this.#connections) connection.close();
    return {
      perSecond: (1000 * this.#times.length) / (this.#lastAnswer - this.#begin),
      refused: this.#refused,
      bodyBytes: this.#bodyBytes,
      latencies: latenciesOf(this.#times),
    };
  }

  async #send(connection: Connection, since: number): Promise<void> {
    const { status, bodyBytes } = await connection.send(this.#message());
    const now = performance.now();
    if (now < this.#begin) return;
    this.#lastAnswer = now;
    if (status === 429 || status === 503) this.#refused += 1;
    else if (status < 200 || status > 299) throw new Error(`the server answered ${status}`);
    else {
      this.#times.push(now - since);
      this.#bodyBytes += bodyBytes;
    }
  }

  #message(): Uint8Array {
    const { what } = this.#spec;
    if ("records" in what) return uploadMessage(what.records);
    return getMessage(what.paths[randomInt(what.paths.length)] ?? "/");
  }
}
