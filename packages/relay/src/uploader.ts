import type { Fetch } from "@glowworm/platform";
import {
  BATCH_RECORDS_MAX,
  type Clock,
  encodeUploadBatch,
  PATHS,
  type RandomSource,
  secondsNow,
} from "@glowworm/protocol";
import { Backoff } from "./backoff.ts";
import type { Outbox, WaitingReport } from "./outbox.ts";
import { ServerClient } from "./server-client.ts";
import { type Later, type Outcome, outcomeOf, type ServerState } from "./upload-answer.ts";
import type { UploadTokens } from "./upload-tokens.ts";

export interface UploaderOptions {
  readonly fetch: Fetch;
  /** Base address of the server; a path in it is kept. */
  readonly server: URL;
  readonly outbox: Pick<Outbox, "due" | "mix" | "remove">;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** For a relay that was invited; uploads without when absent. */
  readonly tokens?: Pick<UploadTokens, "refill" | "pass" | "trouble" | "required">;
}

/** Reports that go out together, and what admits them. */
interface Parcel {
  readonly batch: readonly WaitingReport[];
  readonly authorization: string | null;
}

/** Batches a call sends at most, so that a long backlog does not keep the relay from sealing. */
const BATCHES_PER_STEP = 8;

const UNREACHABLE: Later = {
  kind: "later",
  state: "unreachable",
  retryAfterMs: 0,
  isIdCapped: false,
};

/** Brings reports to the server. A report leaves the outbox only after the server's yes, or its final no. */
export class Uploader {
  readonly #options: UploaderOptions;
  readonly #client: ServerClient;
  readonly #backoff: Backoff;
  #state: ServerState = "untried";
  /** Records of the next batch at most. */
  #batchMax = BATCH_RECORDS_MAX;
  /** Sent with a token, and perhaps taken: the token admits these bytes and no others. */
  #unsure: Parcel | null = null;
  #uploaded = 0;
  #refused = 0;

  constructor(options: UploaderOptions) {
    this.#options = options;
    this.#client = new ServerClient(options);
    this.#backoff = new Backoff(options);
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

  /** Uploads what is due, unless a wait is on. @throws {Failure} when tokens cannot be kept. */
  async step(): Promise<void> {
    await this.#options.tokens?.refill();
    for (let sent = 0; sent < BATCHES_PER_STEP; sent++) {
      if (this.#backoff.isWaiting) return;
      const parcel = this.#unsure ?? this.#nextParcel();
      if (parcel === null) return;
      await this.#deliver(parcel);
    }
  }

  #nextParcel(): Parcel | null {
    const { clock, outbox } = this.#options;
    const batch = outbox.due(secondsNow(clock), this.#batchMax);
    return batch.length === 0 ? null : this.#admitted(batch, batch.length === BATCH_RECORDS_MAX);
  }

  /** Null while there is nothing to admit a batch with, or it is better to gather a larger one. */
  #admitted(batch: readonly WaitingReport[], isFull: boolean): Parcel | null {
    const { tokens } = this.#options;
    if (tokens === undefined) return { batch, authorization: null };
    const pass = tokens.pass(isFull);
    if (pass !== null) return { batch, ...pass };
    this.#state = tokens.trouble ?? this.#state;
    return null;
  }

  /** A batch is all or nothing: a refused one is halved until the refused record stands alone. */
  async #deliver(parcel: Parcel): Promise<void> {
    const { batch } = parcel;
    const outcome = await this.#post(parcel);
    this.#unsure = null;
    if (outcome.kind === "later") return this.#postpone(parcel, outcome);
    this.#batchMax = Math.min(BATCH_RECORDS_MAX, this.#batchMax * 2);
    this.#state = "accepting";
    this.#backoff.succeeded();
    if (outcome.kind === "refused" && batch.length > 1) return this.#deliverHalves(batch);
    this.#options.outbox.remove(batch.map((report) => report.key));
    if (outcome.kind === "accepted") this.#uploaded += batch.length;
    else this.#refused += batch.length;
  }

  async #deliverHalves(batch: readonly WaitingReport[]): Promise<void> {
    const middle = batch.length >> 1;
    for (const half of [batch.slice(0, middle), batch.slice(middle)]) {
      if (this.#backoff.isWaiting) return;
      const parcel = this.#admitted(half, true);
      if (parcel === null) return;
      await this.#deliver(parcel);
    }
  }

  #postpone(parcel: Parcel, outcome: Later): void {
    if (outcome.isIdCapped) this.#split(parcel.batch);
    else if (parcel.authorization !== null && !isTokenGone(outcome)) this.#unsure = parcel;
    if (outcome.state === "invite-needed") this.#options.tokens?.required();
    this.#state = outcome.state;
    this.#backoff.failed(outcome.retryAfterMs);
  }

  /**
   * One id that somebody has filled to the server's cap keeps back its whole batch. Smaller batches of other records
   * bring the rest past it.
   */
  #split(batch: readonly WaitingReport[]): void {
    this.#batchMax = Math.max(1, batch.length >> 1);
    this.#options.outbox.mix(batch.map((report) => report.key));
  }

  async #post({ batch, authorization }: Parcel): Promise<Outcome> {
    const answer = await this.#client.ask({
      path: PATHS.sightings,
      body: encodeUploadBatch(batch.map((report) => report.record)),
      authorization,
      expected: { status: 201, bytesMax: 0 },
    });
    return answer === null ? UNREACHABLE : outcomeOf(answer, this.#options.clock.nowMs());
  }
}

/** The server said of the token itself that it will never do. */
function isTokenGone({ state }: Later): boolean {
  return state === "token-refused" || state === "invite-needed";
}
