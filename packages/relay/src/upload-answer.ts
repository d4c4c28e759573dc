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
  | "wrong-server";

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
  readonly body: string;
}

/** Problems that lie in the bytes of a record and not in the server, the way or the time. */
const FINAL: readonly ProblemCode[] = ["bad-length", "unsupported-version", "body-too-large"];
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
  if (FINAL.some((code) => isProblem(answer, code))) return { kind: "refused" };
  const isIdCapped = isProblem(answer, "id-capped");
  const state = stateOf(status);
  return { kind: "later", state, retryAfterMs: retryAfterMs(answer, nowMs), isIdCapped };
}

function stateOf(status: number): ServerState {
  if (status === 429 || status === 503) return "busy";
  if (status === 408 || status >= 500) return "failing";
  return "wrong-server";
}

/** Whether the answer is our document of this problem, with the status that belongs to it. */
function isProblem(answer: Answer, code: ProblemCode): boolean {
  const isDocument = answer.mediaType.startsWith(PROBLEM_MEDIA_TYPE);
  return isDocument && PROBLEMS[code] === answer.status && problemCode(answer.body) === code;
}

function problemCode(body: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  return typeof value === "object" && value !== null && "code" in value ? value.code : undefined;
}

/** `Retry-After` in either form (RFC 9110 section 10.2.3), at most an hour; 0 when there is none. */
function retryAfterMs(answer: Answer, nowMs: number): number {
  const text = answer.retryAfter;
  if (text === null) return 0;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), RETRY_AFTER_MS_MAX);
}
