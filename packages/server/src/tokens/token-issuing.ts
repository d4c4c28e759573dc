import {
  type CryptoSuite,
  decodeIssueRequest,
  encodeIssueAnswer,
  type IssueRequest,
  inviteHash,
  TOKENS_PER_ISSUE,
} from "@glowworm/protocol";
import { BUSY_RETRY_SECONDS, ProblemError, retryLater } from "../http/problem.ts";
import type { Reservation } from "../id-cap.ts";
import type { FailureCap } from "./failure-cap.ts";
import type { TokenIssuer } from "./token-issuer.ts";
import type { TokenKeys } from "./token-keys.ts";
import type { TokenStore } from "./token-store.ts";

/** What issuing stands on. */
export interface TokenIssuingDeps {
  readonly crypto: CryptoSuite;
  readonly keys: TokenKeys;
  readonly store: Pick<TokenStore, "take">;
  readonly failures: FailureCap;
  readonly issuer: Pick<TokenIssuer, "evaluate">;
}

/** Requests for tokens that are worked on or wait, a second of work: whoever comes then comes again. */
const ISSUING_MAX = 8;

/** Issues upload tokens to invited relays. @see docs/protocol.md section 8.6 */
export class TokenIssuing {
  readonly #deps: TokenIssuingDeps;
  #issuing = 0;

  constructor(deps: TokenIssuingDeps) {
    this.#deps = deps;
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
    const { store, crypto, issuer, keys, failures } = this.#deps;
    if (day !== keys.today) {
      throw new ProblemError("token-refused", `tokens are issued for today, day ${keys.today}`);
    }
    const failure = failures.count(prefix);
    const taking = store.take(inviteHash(crypto, invite), day, TOKENS_PER_ISSUE);
    const grant = await orRelease(failure, taking);
    if (grant === "unknown") {
      const detail = "the invite is not known here, was taken back or has ended: ask the operator";
      throw new ProblemError("invite-refused", detail);
    }
    failure.release();
    if (grant === "used-up") {
      const detail = "the invite has had its tokens of today";
      throw retryLater("tokens-used-up", detail, keys.secondsToTomorrow);
    }
    return encodeIssueAnswer({ day, ...(await issuer.evaluate(keys.of(day), blinded)) });
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
