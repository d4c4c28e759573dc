import {
  FILTER_CELL_BYTES,
  FILTER_HEADER_BYTES,
  ISSUE_ANSWER_BYTES,
  ISSUE_REQUEST_BYTES,
  manifestBytes,
  PAGE_BYTES,
  PATHS,
  type ProblemCode,
  STORED_RECORD_BYTES,
  UPLOAD_BYTES_MAX,
  UPLOAD_RECORD_BYTES,
} from "@glowworm/protocol";
import { z } from "zod";
import {
  ABOUT,
  type Answer,
  type AnswerHeader,
  HOURS,
  type Octets,
  refusals,
  STATUS,
  TOKEN_KEYS,
} from "./answers.ts";

/** A request of the HTTP interface with all its answers. */
export interface Operation {
  readonly method: "get" | "post";
  /** As OpenAPI writes it: `/v1/open/{segment}`. Names in braces are path numbers. */
  readonly path: string;
  readonly what: string;
  readonly body: Octets | null;
  /** Whether an invite-only server wants a token for it. */
  readonly isAdmitted?: boolean;
  readonly answers: readonly Answer[];
}

const READABLE: readonly AnswerHeader[] = ["cache-control", "access-control-allow-origin"];
const OF_CLOSED_HOURS: readonly ProblemCode[] = [
  "bad-path",
  "not-found",
  "rate-limited",
  "internal",
  "store-unavailable",
];
const MANIFEST: Octets = {
  what: "a manifest",
  min: manifestBytes(1),
  step: manifestBytes(2) - manifestBytes(1),
  max: null,
};
const FILTER: Octets = {
  what: "a filter",
  min: FILTER_HEADER_BYTES + FILTER_CELL_BYTES,
  step: FILTER_CELL_BYTES,
  max: null,
};
const PAGE: Octets = { what: "a page", min: PAGE_BYTES, step: 1, max: PAGE_BYTES };
const SEGMENT: Octets = {
  what: "a segment",
  min: 2 * STORED_RECORD_BYTES,
  step: 2 * STORED_RECORD_BYTES,
  max: null,
};
const BATCH: Octets = {
  what: "a batch of 1 to 64 upload records",
  min: UPLOAD_RECORD_BYTES,
  step: UPLOAD_RECORD_BYTES,
  max: UPLOAD_BYTES_MAX,
};

const TOKEN_REQUEST: Octets = {
  what: "an invite and blinded elements",
  min: ISSUE_REQUEST_BYTES,
  step: 1,
  max: ISSUE_REQUEST_BYTES,
};
const TOKEN_ANSWER: Octets = {
  what: "evaluated elements and a proof",
  min: ISSUE_ANSWER_BYTES,
  step: 1,
  max: ISSUE_ANSWER_BYTES,
};

/** Everything a server answers. @see docs/protocol.md section 8 */
export const OPERATIONS: readonly Operation[] = [
  {
    method: "post",
    path: PATHS.sightings,
    what: "Stores a batch of sealed reports whole, or says why not",
    body: BATCH,
    isAdmitted: true,
    answers: [
      { status: 201, what: "all are durable, or were before", body: null, codes: [], headers: [] },
      ...refusals(
        "bad-length",
        "unsupported-version",
        "token-required",
        "token-refused",
        "request-timeout",
        "body-too-large",
        "unsupported-media-type",
        "id-capped",
        "rate-limited",
        "internal",
        "store-unavailable",
      ),
    ],
  },
  {
    method: "post",
    path: PATHS.tokens,
    what: "Issues upload tokens to an invited relay",
    body: TOKEN_REQUEST,
    answers: [
      { status: 200, what: "issued", body: TOKEN_ANSWER, codes: [], headers: ["cache-control"] },
      ...refusals(
        "bad-length",
        "unsupported-version",
        "invite-refused",
        "token-refused",
        "not-found",
        "request-timeout",
        "body-too-large",
        "unsupported-media-type",
        "tokens-used-up",
        "rate-limited",
        "internal",
        "store-unavailable",
      ),
    ],
  },
  read(PATHS.tokenKeys, "Public keys of the days for which tokens are made", TOKEN_KEYS, [
    "not-found",
    "rate-limited",
  ]),
  read(PATHS.hours, "What can be fetched now", HOURS, [
    "bad-path",
    "rate-limited",
    "internal",
    "store-unavailable",
  ]),
  read(
    "/v1/hours/{hour}/manifest",
    "The table of contents of a closed hour",
    MANIFEST,
    OF_CLOSED_HOURS,
  ),
  read(
    "/v1/hours/{hour}/pages/{page}",
    "A page of a closed hour, counted from 0",
    PAGE,
    OF_CLOSED_HOURS,
  ),
  read(
    "/v1/hours/{hour}/filter",
    "Which ids a closed hour of more than 64 pages may have",
    FILTER,
    OF_CLOSED_HOURS,
  ),
  read("/v1/open/{segment}", "Thirty seconds of an hour that is not closed", SEGMENT, [
    "bad-path",
    "segment-open",
    "segment-gone",
    "rate-limited",
    "internal",
    "store-unavailable",
  ]),
  read(PATHS.about, "What the operator says of this server", ABOUT, ["rate-limited"]),
  read(PATHS.health, "Whether the process serves", STATUS, ["rate-limited"]),
  read(PATHS.ready, "Whether uploads can be stored", STATUS, ["rate-limited", "store-unavailable"]),
  read(PATHS.openapi, "This document", z.looseObject({ openapi: z.string() }), ["rate-limited"]),
];

function read(
  path: string,
  what: string,
  body: Octets | z.ZodType,
  refused: readonly ProblemCode[] = [],
): Operation {
  const good: Answer = { status: 200, what: "found", body, codes: [], headers: READABLE };
  return { method: "get", path, what, body: null, answers: [good, ...refusals(...refused)] };
}
