import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { encodeUploadBatch, PATHS, RECORDS_MEDIA_TYPE } from "@glowworm/protocol";
import type { History, Outcome } from "./history.ts";

/** After a no: a server in trouble is asked again, and not flooded. */
const PAUSE_MS = 10;
const TIMEOUT_MS = 30_000;

/** Sends batches of a history, and notes what came back. */
export class Sender {
  readonly #history: History;
  readonly #agent: Agent;

  constructor(history: History, connections = 8) {
    this.#history = history;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** Sends a batch, again or for the first time, and returns the status; null when there was no whole answer. */
  async send(url: string, batch: number): Promise<number | null> {
    this.#history.note(batch, "sent");
    const status = await this.#post(url, batch);
    this.#history.note(batch, outcomeOf(status));
    return status;
  }

  close(): void {
    this.#agent.destroy();
  }

  #post(url: string, batch: number): Promise<number | null> {
    const body = encodeUploadBatch(this.#history.workload.batch(batch));
    const headers = {
      "content-type": RECORDS_MEDIA_TYPE,
      "content-length": body.length,
      // Each from a network of its own: what is counted by network is tested elsewhere.
      "x-forwarded-for": `10.${(batch >> 16) & 255}.${(batch >> 8) & 255}.${batch & 255}`,
    };
    return new Promise((resolve) => {
      const posted = request(url + PATHS.sightings, {
        method: "POST",
        agent: this.#agent,
        headers,
        timeout: TIMEOUT_MS,
      });
      posted.on("response", (answer) => {
        answer.on("end", () => resolve(answer.complete ? (answer.statusCode ?? null) : null));
        answer.on("error", () => resolve(null));
        answer.resume();
      });
      posted.on("timeout", () => posted.destroy());
      posted.on("error", () => resolve(null));
      posted.end(body);
    });
  }
}

/** Uploads without pause from several connections, until the server is gone or `stop` is called. */
export class Load {
  /** Batches whose sender got no answer. */
  readonly unanswered: number[] = [];
  /** Resolves when nothing is under way any more. */
  readonly done: Promise<void>;
  readonly #history: History;
  readonly #sender: Sender;
  readonly #url: string;
  readonly #counts: Record<Outcome, number> = { yes: 0, no: 0, unknown: 0 };
  #waiting: (() => void)[] = [];
  #isStopped = false;

  constructor(history: History, url: string, connections = 8) {
    this.#history = history;
    this.#url = url;
    this.#sender = new Sender(history, connections);
    this.done = this.#run(connections);
  }

  /** Answers of a kind so far. */
  count(outcome: Outcome): number {
    return this.#counts[outcome];
  }

  /** Resolves when there were so many more answers of a kind, or when the load is over. */
  async more(outcome: Outcome, count: number): Promise<void> {
    const goal = this.#counts[outcome] + count;
    while (this.#counts[outcome] < goal && !this.#isStopped) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.done;
  }

  async #run(connections: number): Promise<void> {
    await Promise.all(Array.from({ length: connections }, () => this.#upload()));
    this.#isStopped = true;
    this.#sender.close();
    this.#wake();
  }

  async #upload(): Promise<void> {
    while (!this.#isStopped) {
      const batch = this.#history.newBatch();
      const status = await this.#sender.send(this.#url, batch);
      this.#counts[outcomeOf(status)]++;
      this.#wake();
      if (status === null) {
        this.unanswered.push(batch);
        return;
      }
      if (status !== 201) await delay(PAUSE_MS);
    }
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

function outcomeOf(status: number | null): Outcome {
  if (status === null) return "unknown";
  return status === 201 ? "yes" : "no";
}
