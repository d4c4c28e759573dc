import {
  type Clock,
  type CryptoSuite,
  isGenuine,
  type TokenKeyList,
  type UploadToken,
} from "@glowworm/protocol";
import { ProblemError } from "../http/problem.ts";
import type { IdCap } from "../id-cap.ts";
import { tokenIn } from "./authorization.ts";
import { FailureCap } from "./failure-cap.ts";
import type { TokenIssuer } from "./token-issuer.ts";
import { TokenIssuing } from "./token-issuing.ts";
import { TokenKeys } from "./token-keys.ts";
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

const MARK_BYTES = 16;
const MARK_KEY_BYTES = 32;

/** Lets invited relays upload: lists keys, issues tokens, and takes one for each batch. @see docs/protocol.md section 8.6 */
export class UploadAdmission {
  readonly #options: UploadAdmissionOptions;
  readonly #keys: TokenKeys;
  readonly #failures: FailureCap;
  readonly #issuing: TokenIssuing;
  #droppedBefore = 0;

  constructor(options: UploadAdmissionOptions) {
    const { tokenSecret, cap, clock, crypto, store, issuer } = options;
    const keys = new TokenKeys(tokenSecret, clock);
    const failures = new FailureCap(cap, clock);
    this.#options = options;
    this.#keys = keys;
    this.#failures = failures;
    this.#issuing = new TokenIssuing({ crypto, store, issuer, keys, failures });
  }

  /** As `TokenKeys.list`. */
  keyList(): TokenKeyList {
    return this.#keys.list();
  }

  /** As `TokenIssuing.issue`. */
  async issue(prefix: string, body: Uint8Array): Promise<Uint8Array> {
    return await this.#issuing.issue(prefix, body);
  }

  /**
   * Takes the token of an upload and binds it to the body.
   * @throws {ProblemError} `token-required`, `token-refused`, `rate-limited`
   */
  async admit(authorization: string | undefined, prefix: string, body: Uint8Array): Promise<void> {
    const token = tokenIn(authorization);
    this.#assertDay(token.day);
    const failure = this.#failures.count(prefix);
    if (!isGenuine(this.#keys.of(token.day), token)) {
      throw new ProblemError("token-refused", "the token was not made here: use a fresh one");
    }
    // Binding takes a while over a cluster: honest uploads that wait for it are no failures.
    failure.release();
    const mark = this.#markOf(token, body);
    if (await this.#options.store.bind(token.day, token.nonce, mark)) return;
    this.#failures.count(prefix);
    throw new ProblemError(
      "token-refused",
      "the token was spent, or is of a day that is forgotten",
    );
  }

  /** Forgets spent tokens that are not accepted any more. Call it from time to time. @throws {StoreUnavailableError} */
  async forgetOld(): Promise<void> {
    const oldest = this.#keys.today - 1;
    if (oldest === this.#droppedBefore) return;
    await this.#options.store.dropBefore(oldest);
    this.#droppedBefore = oldest;
  }

  async close(): Promise<void> {
    await this.#options.issuer.close();
    await this.#options.store.close();
  }

  #assertDay(day: number): void {
    const { today } = this.#keys;
    if (day === today || day === today - 1) return;
    throw new ProblemError("token-refused", "the token is not of today or yesterday");
  }

  /** Ties a token to a body without saying anything of it to who lacks the token's output. */
  #markOf(token: UploadToken, body: Uint8Array): Uint8Array {
    return this.#options.crypto.blake2b(MARK_BYTES, body, token.output.slice(0, MARK_KEY_BYTES));
  }
}
