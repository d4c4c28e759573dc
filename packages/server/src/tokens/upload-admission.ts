import {
  type Clock,
  type CryptoSuite,
  DAY_SECONDS,
  dayOf,
  decodeIssueRequest,
  encodeIssueAnswer,
  HOUR_SECONDS,
  hourOf,
  type IssueRequest,
  inviteHash,
  isGenuine,
  TOKEN_KEY_DAYS,
  TOKENS_PER_ISSUE,
  type TokenKeyList,
  toHex,
  tokenKeysOf,
  type UploadToken,
  type VoprfKeys,
} from "@glowworm/protocol";
import type { IdCap, Reservation } from "../id-cap.ts";
import { BUSY_RETRY_SECONDS, ProblemError, retryLater } from "../problem.ts";
import { tokenIn } from "./authorization.ts";
import type { TokenIssuer } from "./token-issuer.ts";
import type { TokenStore } from "./token-store.ts";

/** What admission stands on. */
export interface UploadAdmissionOptions {
  /** 32 secret bytes. */
  readonly tokenSecret: Uint8Array;
  readonly store: TokenStore;
  /** Counts, for each network, tokens and invites that were not ours. */
  readonly cap: Pick<IdCap, "reserve">;
  readonly clock: Clock;
  readonly crypto: CryptoSuite;
  readonly issuer: TokenIssuer;
}

/** Requests for tokens that are worked on or wait, a second of work: whoever comes then comes again. */
const ISSUING_MAX = 8;
const MARK_BYTES = 16;
const MARK_KEY_BYTES = 32;
/** What failures are counted under, beside the ids of reports. */
const FAILURES = new Uint8Array(MARK_BYTES);

/** Issues upload tokens to invited relays, and takes one for each batch. @see docs/protocol.md section 8.6 */
export class UploadAdmission {
  readonly #options: UploadAdmissionOptions;
  /** Keys by day: of the days that are listed, and no others. */
  readonly #keys: Map<number, VoprfKeys> = new Map();
  #droppedBefore = 0;
  #issuing = 0;

  constructor(options: UploadAdmissionOptions) {
    this.#options = options;
  }

  /** The public keys, the same for everybody who asks. */
  keyList(): TokenKeyList {
    const first = this.#today() - TOKEN_KEY_DAYS.past;
    const days = TOKEN_KEY_DAYS.past + 1 + TOKEN_KEY_DAYS.ahead;
    const keys = Array.from({ length: days }, (_, index) => {
      const day = first + index;
      return { day, publicKey: toHex(this.#keysOf(day).publicKey) };
    });
    return { v: 1, keys };
  }

  /**
   * Answers a request for tokens from a network.
   * @throws {ProblemError} `invite-refused`, `tokens-used-up`, `token-refused`, `rate-limited`
   * @throws {DecodeError} when it is no such request
   */
  async issue(prefix: string, body: Uint8Array): Promise<Uint8Array> {
    const request = decodeIssueRequest(body);
    // Before an invite is charged for them.
    if (this.#issuing >= ISSUING_MAX) {
      throw retryLater("rate-limited", "too many ask for tokens now", BUSY_RETRY_SECONDS);
    }
    this.#issuing += 1;
    try {
      return await this.#answer(prefix, request);
    } finally {
      this.#issuing -= 1;
    }
  }

  async #answer(prefix: string, { invite, day, blinded }: IssueRequest): Promise<Uint8Array> {
    const { store, crypto, issuer } = this.#options;
    if (day !== this.#today()) {
      throw new ProblemError("token-refused", `tokens are issued for today, day ${this.#today()}`);
    }
    const failure = this.#countFailure(prefix);
    const taking = store.take(inviteHash(crypto, invite), day, TOKENS_PER_ISSUE);
    const grant = await orRelease(failure, taking);
    if (grant === "unknown") {
      const detail = "the invite is not known here, was taken back or has ended: ask the operator";
      throw new ProblemError("invite-refused", detail);
    }
    failure.release();
    if (grant === "used-up") {
      throw retryLater(
        "tokens-used-up",
        "the invite has had its tokens of today",
        this.#restOf(DAY_SECONDS),
      );
    }
    return encodeIssueAnswer({ day, ...(await issuer.evaluate(this.#keysOf(day), blinded)) });
  }

  /**
   * Takes the token of an upload and binds it to the body.
   * @throws {ProblemError} `token-required`, `token-refused`, `rate-limited`
   */
  async admit(authorization: string | undefined, prefix: string, body: Uint8Array): Promise<void> {
    const token = tokenIn(authorization);
    this.#assertDay(token.day);
    const failure = this.#countFailure(prefix);
    if (!isGenuine(this.#keysOf(token.day), token)) {
      throw new ProblemError("token-refused", "the token was not made here: use a fresh one");
    }
    // Binding takes a while over a cluster: honest uploads that wait for it are no failures.
    failure.release();
    const mark = this.#markOf(token, body);
    if (await this.#options.store.bind(token.day, token.nonce, mark)) return;
    this.#countFailure(prefix);
    throw new ProblemError("token-refused", "the token was spent on another batch");
  }

  /** Forgets spent tokens that are not accepted any more. Call it from time to time. @throws {StoreUnavailableError} */
  async forgetOld(): Promise<void> {
    const oldest = this.#today() - 1;
    if (oldest === this.#droppedBefore) return;
    await this.#options.store.dropBefore(oldest);
    this.#droppedBefore = oldest;
  }

  async close(): Promise<void> {
    await this.#options.issuer.close();
    await this.#options.store.close();
  }

  #assertDay(day: number): void {
    const today = this.#today();
    if (day === today || day === today - 1) return;
    throw new ProblemError("token-refused", "the token is not of today or yesterday");
  }

  /** Counted before anything is computed: who sends many at a time gains nothing by it. */
  #countFailure(prefix: string): Reservation {
    const hour = hourOf(this.#nowSeconds());
    const reservation = this.#options.cap.reserve(hour, prefix, FAILURES);
    if (reservation !== null) return reservation;
    const detail = "this network has sent too many tokens or invites that are not ours";
    throw retryLater("rate-limited", detail, this.#restOf(HOUR_SECONDS));
  }

  /** Ties a token to a body without saying anything of it to who lacks the token's output. */
  #markOf(token: UploadToken, body: Uint8Array): Uint8Array {
    return this.#options.crypto.blake2b(MARK_BYTES, body, token.output.slice(0, MARK_KEY_BYTES));
  }

  #keysOf(day: number): VoprfKeys {
    const known = this.#keys.get(day);
    if (known !== undefined) return known;
    const made = tokenKeysOf(this.#options.tokenSecret, day);
    for (const old of this.#keys.keys()) {
      if (Math.abs(old - day) > TOKEN_KEY_DAYS.past + TOKEN_KEY_DAYS.ahead) this.#keys.delete(old);
    }
    this.#keys.set(day, made);
    return made;
  }

  #restOf(period: number): number {
    return period - (this.#nowSeconds() % period);
  }

  #today(): number {
    return dayOf(this.#nowSeconds());
  }

  #nowSeconds(): number {
    return Math.floor(this.#options.clock.nowMs() / 1000);
  }
}

/** A disk that fails is nobody's failure but ours. */
async function orRelease<T>(failure: Reservation, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    failure.release();
    throw error;
  }
}
