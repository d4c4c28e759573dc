import { BATCH_RECORDS_MAX } from "./params.ts";
import { UPLOAD_RECORD_BYTES } from "./records.ts";

/** The HTTP interface, shared by server, relay and owner. @see docs/protocol.md section 8 */
export const PATHS = {
  sightings: "/v1/sightings",
  tokens: "/v1/tokens",
  tokenKeys: "/v1/tokens/keys",
  hours: "/v1/hours",
  manifest: (hour: number): string => `/v1/hours/${hour}/manifest`,
  page: (hour: number, page: number): string => `/v1/hours/${hour}/pages/${page}`,
  filter: (hour: number): string => `/v1/hours/${hour}/filter`,
  segment: (segment: number): string => `/v1/open/${segment}`,
  about: "/about",
  health: "/healthz",
  ready: "/readyz",
  openapi: "/openapi.json",
} as const;

/** Media type of uploads, segments, manifests, pages and filters. @see docs/protocol.md section 8 */
export const RECORDS_MEDIA_TYPE: string = "application/octet-stream";
/** Media type of every refusal. @see docs/protocol.md section 8.5 */
export const PROBLEM_MEDIA_TYPE: string = "application/problem+json";
/** Bytes of the largest upload body, inclusive. */
export const UPLOAD_BYTES_MAX: number = BATCH_RECORDS_MAX * UPLOAD_RECORD_BYTES;

/** Every `code` a problem document may carry, with its status. @see docs/protocol.md section 8.5 */
export const PROBLEMS = {
  "bad-length": 400,
  "unsupported-version": 400,
  "bad-path": 400,
  "token-required": 401,
  "invite-refused": 403,
  "token-refused": 403,
  "not-found": 404,
  "segment-open": 404,
  "method-not-allowed": 405,
  "request-timeout": 408,
  "segment-gone": 410,
  "body-too-large": 413,
  "unsupported-media-type": 415,
  "id-capped": 429,
  "rate-limited": 429,
  "tokens-used-up": 429,
  internal: 500,
  "store-unavailable": 503,
} as const;
/** The stable word in a problem document. */
export type ProblemCode = keyof typeof PROBLEMS;

/** RFC 9457 problem document. */
export interface Problem {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  /** What was wrong and what to do about it, for a person. */
  readonly detail: string;
}

/** Answer of `GET /v1/hours`. @see docs/protocol.md section 8.3 */
export interface HoursList {
  readonly v: 1;
  /** Closed hours in ascending order, with the lowercase hex hash of each manifest. */
  readonly hours: readonly {
    readonly hour: number;
    readonly pages: number;
    readonly manifest: string;
  }[];
  /** Segments of hours not closed yet that can be fetched, both ends included; null when there is none. */
  readonly open: { readonly first: number; readonly last: number } | null;
}

/** Who may upload: everybody, or whoever has a token. @see docs/protocol.md section 8.4 */
export type Admission = "public" | "invite";

/** Answer of `GET /about`. Later versions may add fields. @see docs/protocol.md section 8.4 */
export interface About {
  readonly v: 1;
  readonly protocol: number;
  readonly software: string;
  /** Hash over the program, lowercase hex, or null where it could not be computed. */
  readonly build: string | null;
  /** What the operator promises, as text or a URL, or null. */
  readonly policy: string | null;
  /** How to reach the operator, or null. */
  readonly contact: string | null;
  readonly admission: Admission;
  readonly retentionDays: number;
  readonly limits: AboutLimits;
}

/** What a server refuses above. @see docs/protocol.md section 8.4 */
export interface AboutLimits {
  readonly recordsPerUpload: number;
  /** Of one network in one hour. */
  readonly recordsPerId: number;
}
