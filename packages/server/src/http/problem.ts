import {
  DecodeError,
  PROBLEM_MEDIA_TYPE,
  PROBLEMS,
  type Problem,
  type ProblemCode,
} from "@glowworm/protocol";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { StoreBusyError, StoreUnavailableError } from "../store/report-store.ts";

/** Seconds after which a server that has too much to do is worth another try. */
export const BUSY_RETRY_SECONDS: number = 2;
/** Seconds after which a failing disk is worth another try. */
const UNAVAILABLE_RETRY_SECONDS = 30;

const TITLES: Readonly<Record<ProblemCode, string>> = {
  "bad-length": "Wrong length",
  "unsupported-version": "Unsupported version",
  "bad-path": "Malformed path",
  "token-required": "Upload token required",
  "invite-refused": "Invite refused",
  "token-refused": "Upload token refused",
  "not-found": "Not found",
  "segment-open": "Segment not closed yet",
  "method-not-allowed": "Method not allowed",
  "request-timeout": "Request too slow",
  "segment-gone": "Segment gone",
  "body-too-large": "Body too large",
  "unsupported-media-type": "Unsupported media type",
  "id-capped": "Too many records of an id",
  "rate-limited": "Too many requests",
  "tokens-used-up": "Upload tokens used up",
  internal: "Internal error",
  "store-unavailable": "Store unavailable",
};

/** A refusal with a code of the HTTP contract. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly code: ProblemCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.code = code;
    this.headers = headers;
  }
}

/** The document of a problem. @see docs/protocol.md section 8.5 */
export function problemOf(code: ProblemCode, detail: string): Problem {
  return { type: "about:blank", title: TITLES[code], status: PROBLEMS[code], code, detail };
}

/** An answer that no cache keeps. */
export function problemResponse(error: ProblemError): Response {
  const problem = problemOf(error.code, error.message);
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: {
      "content-type": PROBLEM_MEDIA_TYPE,
      "cache-control": "no-store",
      ...error.headers,
    },
  });
}

/** What happened, for the operator. Never an address, an id or a body. */
export type ReportError = (kind: string, error: unknown) => void;

/** Hono's error hook: what the client may know of an error, and what the operator must. */
export function onError(report: ReportError): (error: Error, c: Context) => Response {
  return (error, c) => {
    const problem = problemFrom(error);
    if (error instanceof StoreUnavailableError) report("the store refused", error);
    // A client that hangs up in the middle of its body is no error of ours, and nobody reads the answer.
    else if (problem.code === "internal" && !c.req.raw.signal.aborted) {
      report("a request failed", error);
    }
    return problemResponse(problem);
  };
}

/** The refusal that a client is given for an error. */
export function problemFrom(error: Error): ProblemError {
  if (error instanceof HTTPException) return fromHttpException(error);
  if (error instanceof ProblemError) return error;
  if (error instanceof DecodeError) return fromDecodeError(error);
  if (error instanceof StoreBusyError) {
    return retryLater("rate-limited", error.message, error.retrySeconds ?? BUSY_RETRY_SECONDS);
  }
  if (error instanceof StoreUnavailableError) {
    const detail = "keep the reports and try again";
    return retryLater("store-unavailable", detail, UNAVAILABLE_RETRY_SECONDS);
  }
  return new ProblemError("internal", "the server's log says more");
}

/** Refuses a method that is not among `allow`. @throws {ProblemError} */
export function refuseMethod(allow: string): never {
  throw new ProblemError("method-not-allowed", `use ${allow}`, { allow });
}

/** A refusal that names the seconds to wait. */
export function retryLater(code: ProblemCode, detail: string, seconds: number): ProblemError {
  return new ProblemError(code, detail, { "retry-after": String(seconds) });
}

function fromDecodeError(error: DecodeError): ProblemError {
  const isVersion = error.code === "unsupported-version";
  return new ProblemError(isVersion ? "unsupported-version" : "bad-length", error.message);
}

function fromHttpException(error: HTTPException): ProblemError {
  const codes = Object.keys(PROBLEMS) as ProblemCode[];
  const code = codes.find((candidate) => PROBLEMS[candidate] === error.status) ?? "internal";
  return new ProblemError(code, code === "internal" ? "the server's log says more" : error.message);
}
