import type { About, HoursList, ProblemCode, TokenKeyList } from "@glowworm/protocol";
import { PROBLEMS } from "@glowworm/protocol";
import { z } from "zod";

/** A body of whole records: `min` bytes, or any number of `step` bytes more, up to `max`. */
export interface Octets {
  readonly what: string;
  readonly min: number;
  readonly step: number;
  /** Null: as long as it has to be. */
  readonly max: number | null;
}

/** One answer of an operation. */
export interface Answer {
  readonly status: number;
  readonly what: string;
  /** Null: the body is empty. */
  readonly body: Octets | z.ZodType | null;
  /** Codes of the problem document; none for a success. */
  readonly codes: readonly ProblemCode[];
  readonly headers: readonly AnswerHeader[];
}

/** Headers that mean something to a client. */
export type AnswerHeader =
  | "cache-control"
  | "retry-after"
  | "www-authenticate"
  | "access-control-allow-origin";

/** What a refusal says in its header, by status. */
const MORE_HEADERS: Readonly<Record<number, readonly AnswerHeader[]>> = {
  401: ["www-authenticate"],
  429: ["retry-after"],
  503: ["retry-after"],
};

/** Answer of `GET /about`. */
export const ABOUT: z.ZodType<About> = z.object({
  v: z.literal(1),
  protocol: z.int(),
  software: z.string().meta({ description: "name and version", examples: ["glowworm 0.1.0"] }),
  build: hash("hash over the program that runs").nullable(),
  policy: z.string().nullable(),
  contact: z.string().nullable(),
  admission: z.enum(["public", "invite"]),
  retentionDays: z.int().min(1),
  limits: z.object({
    recordsPerUpload: z.int().min(1),
    recordsPerId: z.int().min(1),
  }),
});

/** Answer of `GET /v1/tokens/keys`. */
export const TOKEN_KEYS: z.ZodType<TokenKeyList> = z.object({
  v: z.literal(1),
  keys: z.array(z.object({ day: z.int().min(0), publicKey: hash("public key of a day") })),
});

/** Answer of `GET /v1/hours`. */
export const HOURS: z.ZodType<HoursList> = z.object({
  v: z.literal(1),
  hours: z.array(
    z.object({
      hour: z.int().min(0),
      pages: z.int().min(1),
      manifest: hash("hash of the manifest"),
    }),
  ),
  open: z.object({ first: z.int().min(0), last: z.int().min(0) }).nullable(),
});

/** Answer of `GET /healthz` and `GET /readyz`. */
export const STATUS: z.ZodType = z.object({
  v: z.literal(1),
  status: z.enum(["alive", "ready"]),
});

/** The problem documents of one status. */
function problemSchema(status: number, codes: readonly ProblemCode[]): z.ZodType {
  return z.object({
    type: z.literal("about:blank"),
    title: z.string(),
    status: z.literal(status),
    code: z.enum(codes),
    detail: z.string().meta({ description: "what was wrong and what to do, for a person" }),
  });
}

/** Refusals with these codes, one answer for each status among them. */
export function refusals(...codes: readonly ProblemCode[]): readonly Answer[] {
  const statuses = [...new Set(codes.map((code) => PROBLEMS[code]))];
  return statuses.map((status) => {
    const own = codes.filter((code) => PROBLEMS[code] === status);
    return {
      status,
      what: own.join(" or "),
      body: problemSchema(status, own),
      codes: own,
      headers: ["cache-control", ...(MORE_HEADERS[status] ?? [])],
    };
  });
}

function hash(what: string): z.ZodString {
  return z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .meta({ description: `${what}, lowercase hex` }) as z.ZodString;
}
