import { ByteReader, ByteWriter, concat, fromHex } from "./bytes.ts";
import { ELEMENT_BYTES, type Evaluation, PROOF_BYTES } from "./crypto/voprf.ts";
import { DecodeError } from "./errors.ts";
import { INVITE_BYTES } from "./invite.ts";
import { PROTOCOL_VERSION, TOKENS_PER_ISSUE } from "./params.ts";

/** Bytes of a request for tokens. */
export const ISSUE_REQUEST_BYTES: number = 1 + INVITE_BYTES + 4 + TOKENS_PER_ISSUE * ELEMENT_BYTES;
/** Bytes of its answer. */
export const ISSUE_ANSWER_BYTES: number = 1 + 4 + TOKENS_PER_ISSUE * ELEMENT_BYTES + PROOF_BYTES;
/** The days, before and after today, whose keys a server lists. */
export const TOKEN_KEY_DAYS: { readonly past: number; readonly ahead: number } = {
  past: 1,
  ahead: 7,
};

/** What a relay asks for tokens with. @see docs/protocol.md section 8.6 */
export interface IssueRequest {
  /** Secret of the invite. */
  readonly invite: Uint8Array;
  readonly day: number;
  readonly blinded: readonly Uint8Array[];
}

/** What it is answered. @see docs/protocol.md section 8.6 */
export interface IssueAnswer extends Evaluation {
  readonly day: number;
}

/** Answer of `GET /v1/tokens/keys`. @see docs/protocol.md section 8.6 */
export interface TokenKeyList {
  readonly v: 1;
  /** Ascending by day, without gaps; public keys in lowercase hex. */
  readonly keys: readonly { readonly day: number; readonly publicKey: string }[];
}

/** 1,045 bytes. @see docs/protocol.md section 8.6 */
export function encodeIssueRequest(request: IssueRequest): Uint8Array {
  return new ByteWriter(ISSUE_REQUEST_BYTES)
    .u8("issue.version", PROTOCOL_VERSION)
    .bytes("issue.invite", request.invite, INVITE_BYTES)
    .u32("issue.day", request.day)
    .bytes("issue.blinded", concat(...request.blinded), TOKENS_PER_ISSUE * ELEMENT_BYTES)
    .finish();
}

/** @throws {DecodeError} any code but `bad-value`. @see docs/protocol.md section 8.6 */
export function decodeIssueRequest(bytes: Uint8Array): IssueRequest {
  const reader = versioned(bytes, "issue.version");
  const invite = reader.bytes("issue.invite", INVITE_BYTES);
  const day = reader.u32("issue.day");
  const blinded = elements(reader, "issue.blinded");
  reader.end("issue");
  return { invite, day, blinded };
}

/** 1,093 bytes. @see docs/protocol.md section 8.6 */
export function encodeIssueAnswer(answer: IssueAnswer): Uint8Array {
  return new ByteWriter(ISSUE_ANSWER_BYTES)
    .u8("issued.version", PROTOCOL_VERSION)
    .u32("issued.day", answer.day)
    .bytes("issued.evaluated", concat(...answer.evaluated), TOKENS_PER_ISSUE * ELEMENT_BYTES)
    .bytes("issued.proof", answer.proof, PROOF_BYTES)
    .finish();
}

/** @throws {DecodeError} any code but `bad-value`. @see docs/protocol.md section 8.6 */
export function decodeIssueAnswer(bytes: Uint8Array): IssueAnswer {
  const reader = versioned(bytes, "issued.version");
  const day = reader.u32("issued.day");
  const evaluated = elements(reader, "issued.evaluated");
  const proof = reader.bytes("issued.proof", PROOF_BYTES);
  reader.end("issued");
  return { day, evaluated, proof };
}

/**
 * The public keys of a list, 32 bytes each, by day.
 * @throws {DecodeError} `bad-value` when the text is no such list. @see docs/protocol.md section 8.6
 */
export function decodeTokenKeys(text: string): ReadonlyMap<number, Uint8Array> {
  const keys = keysIn(text);
  const days = TOKEN_KEY_DAYS.past + 1 + TOKEN_KEY_DAYS.ahead;
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > days) throw badKeys();
  const entries = keys.map(entryOf);
  const [first = 0] = entries[0] ?? [];
  if (entries.some(([day], index) => day !== first + index)) throw badKeys();
  return new Map(entries);
}

function keysIn(text: string): unknown {
  try {
    const list = JSON.parse(text) as unknown;
    if (typeof list !== "object" || list === null || !("v" in list) || list.v !== 1) return null;
    return "keys" in list ? list.keys : null;
  } catch {
    return null;
  }
}

function entryOf(entry: unknown): readonly [number, Uint8Array] {
  if (typeof entry !== "object" || entry === null) throw badKeys();
  if (!("day" in entry) || !Number.isSafeInteger(entry.day)) throw badKeys();
  if (!("publicKey" in entry) || typeof entry.publicKey !== "string") throw badKeys();
  if (!/^[0-9a-f]{64}$/.test(entry.publicKey)) throw badKeys();
  return [Number(entry.day), fromHex(entry.publicKey)];
}

function badKeys(): DecodeError {
  return new DecodeError("bad-value", "tokens.keys", 0, "not a list of token keys");
}

function versioned(bytes: Uint8Array, field: string): ByteReader {
  const reader = new ByteReader(bytes);
  if (reader.u8(field) !== PROTOCOL_VERSION) throw new DecodeError("unsupported-version", field, 0);
  return reader;
}

function elements(reader: ByteReader, field: string): readonly Uint8Array[] {
  return Array.from({ length: TOKENS_PER_ISSUE }, () => reader.bytes(field, ELEMENT_BYTES));
}
