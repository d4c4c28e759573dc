import {
  type Clock,
  DecodeError,
  dayOf,
  decodeIssueAnswer,
  decodeTokenKeys,
  draftTokens,
  encodeIssueRequest,
  encodeUploadToken,
  finishTokens,
  ISSUE_ANSWER_BYTES,
  PATHS,
  ProofError,
  type RandomSource,
  secondsNow,
} from "@glowworm/protocol";
import { Backoff } from "./backoff.ts";
import type { ServerClient } from "./server-client.ts";
import type { TokenWallet } from "./token-wallet.ts";
import {
  type Answer,
  problemCode,
  retryAfterMs,
  type ServerState,
  stateOf,
} from "./upload-answer.ts";

export interface UploadTokensOptions {
  /** Secret of the invite, 16 bytes. */
  readonly invite: Uint8Array;
  readonly client: ServerClient;
  readonly wallet: TokenWallet;
  readonly clock: Clock;
  readonly random: RandomSource;
}

/** A batch that is not full waits this long after the last one: 576 batches a day, which an invite of 640 tokens pays. */
const PACE_MS = 150_000;
/** With so many left new ones are asked for: they last longer than any new token waits. */
const LOW = 16;
/** Seconds for which a new token is not spent, drawn anew for each: what was issued just now must not be told by that. */
const REST_SECONDS = { min: 60, max: 600 } as const;
/** Keys are fetched while one so many days ahead is not known: mostly days before tokens are issued with them. */
const KEYS_AHEAD_DAYS = 3;
const KEY_LIST_BYTES_MAX = 4096;
/** How soon a server that turned out to be public is asked again whether it still is. */
const PUBLIC_MS = 3_600_000;

/** Something about issuing that is not as it should be. */
class TroubleError extends Error {
  override readonly name = "TroubleError";
  readonly state: ServerState;
  readonly retryAfterMs: number;

  constructor(state: ServerState, retryMs = 0) {
    super(state);
    this.state = state;
    this.retryAfterMs = retryMs;
  }
}

/** Gets upload tokens for an invite and gives one out for each batch. @see docs/protocol.md section 8.6 */
export class UploadTokens {
  readonly #options: UploadTokensOptions;
  readonly #backoff: Backoff;
  #trouble: ServerState | null = null;
  #lastPassMs = Number.NEGATIVE_INFINITY;
  /** Monotonic time until which the server is taken for a public one. */
  #publicUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: UploadTokensOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options);
  }

  /** Why there is no token left, or null while there is one. */
  get trouble(): ServerState | null {
    return this.#options.wallet.count(this.#today()) > 0 ? null : this.#trouble;
  }

  /** Asks for tokens when few are left. @throws {Failure} when they cannot be kept. */
  async refill(): Promise<void> {
    const { wallet } = this.#options;
    if (this.#backoff.isWaiting || this.#isPublic() || wallet.count(this.#today()) > LOW) return;
    try {
      await this.#learnKeys();
      await this.#askForTokens();
      this.#trouble = null;
      this.#backoff.succeeded();
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble === null) throw error;
      this.#trouble = trouble.state;
      this.#backoff.failed(trouble.retryAfterMs);
    }
  }

  /**
   * What admits a batch now: a token, or null for a public server. Null instead of that while there is none, or while a
   * batch that is not full should gather more. A token that was given out is never given out again.
   */
  pass(isFull: boolean): { readonly authorization: string | null } | null {
    const { clock, wallet } = this.#options;
    if (this.#isPublic()) return { authorization: null };
    const nowMs = clock.monotonicMs();
    if (!isFull && nowMs - this.#lastPassMs < PACE_MS) return null;
    const token = wallet.spend(secondsNow(clock), this.#today());
    if (token === null) return null;
    this.#lastPassMs = nowMs;
    const text = Buffer.from(encodeUploadToken(token)).toString("base64url");
    return { authorization: `Glowworm-Token ${text}` };
  }

  /** The server asked for a token: it is no public one. */
  required(): void {
    this.#publicUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** Without the invite: who asks for the list is not who is issued tokens, as far as the server can tell. */
  async #learnKeys(): Promise<void> {
    const { wallet, client } = this.#options;
    const today = this.#today();
    const isKnown = [today, today + KEYS_AHEAD_DAYS].every(
      (day) => wallet.keyOf(day) !== undefined,
    );
    if (isKnown) return;
    const expected = { status: 200, bytesMax: KEY_LIST_BYTES_MAX };
    const answer = this.#good(await client.ask({ path: PATHS.tokenKeys, expected }));
    if (answer === null) return;
    const keys = decodeTokenKeys(Buffer.from(answer.body).toString("utf8"));
    if (!wallet.pin(keys)) throw new TroubleError("wrong-tokens");
  }

  async #askForTokens(): Promise<void> {
    const { invite, random, wallet, client, clock } = this.#options;
    const day = this.#today();
    const key = wallet.keyOf(day);
    if (this.#isPublic()) return;
    if (key === undefined) throw new TroubleError("token-refused");
    const draft = draftTokens(random, day);
    const blinded = draft.blindings.map((blinding) => blinding.blinded);
    const body = encodeIssueRequest({ invite, day, blinded });
    const expected = { status: 200, bytesMax: ISSUE_ANSWER_BYTES + 1 };
    const answer = this.#good(await client.ask({ path: PATHS.tokens, body, expected }));
    if (answer === null) return;
    const issued = decodeIssueAnswer(answer.body);
    if (issued.day !== day) throw new TroubleError("wrong-tokens");
    const now = secondsNow(clock);
    const tokens = finishTokens(draft, key, issued);
    wallet.add(tokens, now + REST_SECONDS.min, now + REST_SECONDS.max);
  }

  /** The answer if it is a yes, or null when the server turns out to be public. @throws {TroubleError} otherwise. */
  #good(answer: Answer | null): Answer | null {
    const { clock } = this.#options;
    if (answer === null) throw new TroubleError("unreachable");
    if (answer.status === 200) return answer;
    if (problemCode(answer) !== "not-found") {
      throw new TroubleError(stateOf(answer), retryAfterMs(answer, clock.nowMs()));
    }
    this.#publicUntilMs = clock.monotonicMs() + PUBLIC_MS;
    return null;
  }

  #isPublic(): boolean {
    return this.#options.clock.monotonicMs() < this.#publicUntilMs;
  }

  #today(): number {
    return dayOf(secondsNow(this.#options.clock));
  }
}

/** What an answer that cannot be used is a sign of; null for an error that is not about an answer. */
function troubleOf(error: unknown): TroubleError | null {
  if (error instanceof TroubleError) return error;
  if (error instanceof ProofError) return new TroubleError("wrong-tokens");
  return error instanceof DecodeError ? new TroubleError("wrong-server") : null;
}
