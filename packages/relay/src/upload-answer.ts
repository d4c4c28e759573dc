import { PROBLEM_MEDIA_TYPE, PROBLEMS, type ProblemCode } from "@glowworm/protocol";

/** How the server took the last upload. */
export type ServerState =
  | "untried"
  | "accepting"
  /** 429 or 503: asks for patience. */
  | "busy"
  /** 408 or any other 5xx. */
  | "failing"
  /** No answer in time. */
  | "unreachable"
  /** Answers, but not as a Glowworm server does: a wrong address, a portal, a proxy. */
  | "wrong-server"
  /** Takes uploads from invited relays only. */
  | "invite-needed"
  /** Does not know this relay's invite. */
  | "invite-refused"
  /** Refused an upload token. */
  | "token-refused"
  /** Issues no more upload tokens today. */
  | "no-token"
  /** Its upload tokens cannot be trusted to be the same for all. */
  | "wrong-tokens";

/** What an answer means for the records of the batch. */
export type Outcome =
  | { readonly kind: "accepted" }
  /** Never to be accepted as it is. */
  | { readonly kind: "refused" }
  | Later;

/** The records are kept and tried again. */
export interface Later {
  readonly kind: "later";
  readonly state: ServerState;
  readonly retryAfterMs: number;
  /** One id in the batch has had its share: it is not about the others. */
  readonly isIdCapped: boolean;
}

/** An answer, as far as it was read. */
export interface Answer {
  readonly status: number;
  readonly mediaType: string;
  readonly retryAfter: string | null;
  readonly body: Uint8Array;
}

/** Problems that lie in the bytes of a record and not in the server, the way or the time. */
const FINAL: readonly ProblemCode[] = ["bad-length", "unsupported-version", "body-too-large"];
/** Refusals of an invite or a token: never of the records. @see docs/protocol.md section 8.6 */
const ADMISSION_STATES: readonly (readonly [ProblemCode, ServerState])[] = [
  ["token-required", "invite-needed"],
  ["invite-refused", "invite-refused"],
  ["token-refused", "token-refused"],
  ["tokens-used-up", "no-token"],
];
/** A server that asks for more patience than this is asked again all the same. */
const RETRY_AFTER_MS_MAX = 3_600_000;

/**
 * Reads an answer. A refusal counts only when it is our problem document with a code that concerns the records and
 * the status that belongs to it: a hotel's portal that answers 400 to everything must not empty the outbox.
 * @see docs/protocol.md section 9.2
 */
export function outcomeOf(answer: Answer, nowMs: number): Outcome {
  const { status } = answer;
  if (status === 201) return { kind: "accepted" };
  const code = problemCode(answer);
  if (FINAL.some((final) => final === code)) return { kind: "refused" };
  const isIdCapped = code === "id-capped";
  const state = stateOf(answer);
  return { kind: "later", state, retryAfterMs: retryAfterMs(answer, nowMs), isIdCapped };
}

/** What an answer that is no yes says about the server. */
export function stateOf(answer: Answer): ServerState {
  const { status } = answer;
  const code = problemCode(answer);
  const admission = ADMISSION_STATES.find(([known]) => known === code);
  if (admission !== undefined) return admission[1];
  if (status === 429 || status === 503) return "busy";
  if (status === 408 || status >= 500) return "failing";
  return "wrong-server";
}

/** The code of our problem document, under the status that belongs to it; null for any other answer. */
export function problemCode({ mediaType, status, body }: Answer): ProblemCode | null {
  if (!mediaType.startsWith(PROBLEM_MEDIA_TYPE)) return null;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    return null;
  }
  const stated = typeof value === "object" && value !== null && "code" in value ? value.code : null;
  const codes = Object.keys(PROBLEMS) as ProblemCode[];
  return codes.find((code) => code === stated && PROBLEMS[code] === status) ?? null;
}

/** `Retry-After` in either form (RFC 9110 section 10.2.3), at most an hour; 0 when there is none. */
export function retryAfterMs(answer: Answer, nowMs: number): number {
  const text = answer.retryAfter;
  if (text === null) return 0;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), RETRY_AFTER_MS_MAX);
}
