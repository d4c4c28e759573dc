import {
  BATCH_RECORDS_MAX,
  type Clock,
  encodeUploadBatch,
  PATHS,
  type RandomSource,
  RECORDS_MEDIA_TYPE,
  randomFraction,
} from "@glowworm/protocol";
import type { Outbox, WaitingReport } from "./outbox.ts";
import {
  type Answer,
  type Later,
  type Outcome,
  outcomeOf,
  type ServerState,
} from "./upload-answer.ts";

/** `fetch`, as far as it is needed here. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface UploaderOptions {
  readonly fetch: Fetch;
  /** Base address of the server; a path in it is kept. */
  readonly server: URL;
  readonly outbox: Pick<Outbox, "due" | "mix" | "remove">;
  readonly clock: Clock;
  readonly random: RandomSource;
}

/** Batches a call sends at most, so that a long backlog does not keep the relay from sealing. */
const BATCHES_PER_STEP = 8;
const TIMEOUT_MS = 10_000;
/** Bytes of an answer that are read; a problem document is a few hundred. */
const ANSWER_BYTES_MAX = 4096;
const BACKOFF_MS_MIN = 2_000;
const BACKOFF_MS_MAX = 600_000;
/** After a wait that the server named, relays come back spread over this time. */
const RETRY_SPREAD_MS = 10_000;

const UNREACHABLE: Later = {
  kind: "later",
  state: "unreachable",
  retryAfterMs: 0,
  isIdCapped: false,
};

/** Brings reports to the server. A report leaves the outbox only after the server's yes, or its final no. */
export class Uploader {
  readonly #options: UploaderOptions;
  readonly #url: string;
  #state: ServerState = "untried";
  #failures = 0;
  /** Records of the next batch at most. */
  #batchMax = BATCH_RECORDS_MAX;
  /** Monotonic time before which nothing is tried. */
  #waitUntilMs = Number.NEGATIVE_INFINITY;
  #uploaded = 0;
  #refused = 0;

  constructor(options: UploaderOptions) {
    this.#options = options;
    this.#url = sightingsUrl(options.server);
  }

  /** How the server took the last upload. */
  get state(): ServerState {
    return this.#state;
  }

  /** Reports the server has taken. */
  get uploaded(): number {
    return this.#uploaded;
  }

  /** Reports the server has refused for good. */
  get refused(): number {
    return this.#refused;
  }

  /** Uploads what is due, unless a wait is on. */
  async step(): Promise<void> {
    const { clock, outbox } = this.#options;
    for (let sent = 0; sent < BATCHES_PER_STEP; sent++) {
      if (clock.monotonicMs() < this.#waitUntilMs) return;
      const batch = outbox.due(Math.floor(clock.nowMs() / 1000), this.#batchMax);
      if (batch.length === 0) return;
      await this.#deliver(batch);
    }
  }

  /** A batch is all or nothing: a refused one is halved until the refused record stands alone. */
  async #deliver(batch: readonly WaitingReport[]): Promise<void> {
    const outcome = await this.#post(batch);
    if (outcome.kind === "later") {
      if (outcome.isIdCapped) this.#split(batch);
      return this.#backOff(outcome.state, outcome.retryAfterMs);
    }
    this.#batchMax = Math.min(BATCH_RECORDS_MAX, this.#batchMax * 2);
    this.#state = "accepting";
    this.#failures = 0;
    if (outcome.kind === "refused" && batch.length > 1) return this.#deliverHalves(batch);
    this.#options.outbox.remove(batch.map((report) => report.key));
    if (outcome.kind === "accepted") this.#uploaded += batch.length;
    else this.#refused += batch.length;
  }

  async #deliverHalves(batch: readonly WaitingReport[]): Promise<void> {
    const middle = batch.length >> 1;
    await this.#deliver(batch.slice(0, middle));
    if (this.#options.clock.monotonicMs() < this.#waitUntilMs) return;
    await this.#deliver(batch.slice(middle));
  }

  /**
   * One id that somebody has filled to the server's cap keeps back its whole batch. Smaller batches of other records
   * bring the rest past it.
   */
  #split(batch: readonly WaitingReport[]): void {
    this.#batchMax = Math.max(1, batch.length >> 1);
    this.#options.outbox.mix(batch.map((report) => report.key));
  }

  /** Exponential with full jitter: relays that lost the server together do not come back together. */
  #backOff(state: ServerState, retryAfterMs: number): void {
    const { clock, random } = this.#options;
    const ceiling = Math.min(BACKOFF_MS_MIN * 2 ** this.#failures, BACKOFF_MS_MAX);
    const spread = retryAfterMs > 0 ? Math.max(RETRY_SPREAD_MS, ceiling) : ceiling;
    this.#waitUntilMs = clock.monotonicMs() + retryAfterMs + randomFraction(random) * spread;
    this.#failures++;
    this.#state = state;
  }

  async #post(batch: readonly WaitingReport[]): Promise<Outcome> {
    const body = encodeUploadBatch(batch.map((report) => report.record));
    const answer = await this.#askInTime(body);
    if (answer === null) return UNREACHABLE;
    return outcomeOf(answer, this.#options.clock.nowMs());
  }

  async #askInTime(body: Uint8Array): Promise<Answer | null> {
    const timeout = new AbortController();
    const done = new AbortController();
    const timer = this.#options.clock.sleep(TIMEOUT_MS, done.signal).then(() => timeout.abort());
    try {
      return await this.#ask(body, timeout.signal);
    } catch {
      // Whatever the transport throws, and it throws many things: there was no answer, and nothing is lost.
      return null;
    } finally {
      done.abort();
      await timer;
    }
  }

  async #ask(body: Uint8Array, signal: AbortSignal): Promise<Answer> {
    const response = await this.#options.fetch(this.#url, {
      method: "POST",
      headers: HEADERS,
      body: new Uint8Array(body),
      redirect: "manual",
      signal,
    });
    return {
      status: response.status,
      mediaType: response.headers.get("content-type") ?? "",
      retryAfter: response.headers.get("retry-after"),
      body: await readAtMost(response, response.status === 201 ? 0 : ANSWER_BYTES_MAX),
    };
  }
}

/** The same from every relay; a connection of its own for each batch, so that a server cannot tie them together. */
const HEADERS: Readonly<Record<string, string>> = {
  "content-type": RECORDS_MEDIA_TYPE,
  "user-agent": "glowworm",
  connection: "close",
};

/** Where a server takes reports. */
function sightingsUrl(server: URL): string {
  return new URL(server.pathname.replace(/\/$/, "") + PATHS.sightings, server).href;
}

/** The first bytes of an answer as text, nothing after a yes; the rest is left unread. */
async function readAtMost(response: Response, limit: number): Promise<string> {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length < limit) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    length += value.length;
  }
  await reader.cancel();
  return Buffer.concat(chunks).subarray(0, limit).toString("utf8");
}
