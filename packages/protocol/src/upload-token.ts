import { ascii, ByteReader, ByteWriter, concat, isAllZero } from "./bytes.ts";
import { KEY_BYTES } from "./crypto/suite.ts";
import {
  type Blinding,
  blindInput,
  deriveVoprfKeys,
  type Evaluation,
  evaluateInput,
  finalizeOutputs,
  OUTPUT_BYTES,
  type VoprfKeys,
} from "./crypto/voprf.ts";
import { DecodeError } from "./errors.ts";
import { PROTOCOL_VERSION, TOKENS_PER_ISSUE, VOPRF_INFO } from "./params.ts";
import type { RandomSource } from "./world.ts";

/** Bytes of the nonce that makes a token one of its own. */
const TOKEN_NONCE_BYTES: number = KEY_BYTES;
/** Bytes of a token before its output: the input of the function. */
const TOKEN_INPUT_BYTES: number = 1 + 4 + TOKEN_NONCE_BYTES;
/** Bytes of an upload token. */
export const UPLOAD_TOKEN_BYTES: number = TOKEN_INPUT_BYTES + OUTPUT_BYTES;

/** What admits one batch. @see docs/protocol.md section 8.6 */
export interface UploadToken {
  /** UTC day of the key it was made with. */
  readonly day: number;
  readonly nonce: Uint8Array;
  readonly output: Uint8Array;
}

/** Tokens on their way: what is sent, and what must stay here. */
export interface TokenDraft {
  readonly day: number;
  readonly blindings: readonly Blinding[];
}

/** The key of a day from the server's token secret of 32 bytes. @see docs/protocol.md section 8.6 */
export function tokenKeysOf(secret: Uint8Array, day: number): VoprfKeys {
  const info = new ByteWriter(4).u32("token.day", day).finish();
  return deriveVoprfKeys(secret, concat(ascii(VOPRF_INFO), info));
}

/** Draws as many tokens as are issued at once. @see docs/protocol.md section 8.6 */
export function draftTokens(random: RandomSource, day: number): TokenDraft {
  const blindings = Array.from({ length: TOKENS_PER_ISSUE }, () => {
    return blindInput(random, tokenInput(day, random.bytes(TOKEN_NONCE_BYTES)));
  });
  return { day, blindings };
}

/**
 * The tokens of a draft out of the server's answer.
 * @throws {ProofError} when the answer was not made with this key. @see docs/protocol.md section 8.6
 */
export function finishTokens(
  draft: TokenDraft,
  publicKey: Uint8Array,
  evaluation: Evaluation,
): readonly UploadToken[] {
  const outputs = finalizeOutputs(publicKey, draft.blindings, evaluation);
  return draft.blindings.map(({ input }, index) => {
    const nonce = input.slice(TOKEN_INPUT_BYTES - TOKEN_NONCE_BYTES);
    return { day: draft.day, nonce, output: outputs[index] ?? new Uint8Array() };
  });
}

/** Whether the key of the token's day made it. One hash to the group, one multiplication. @see docs/protocol.md section 8.6 */
export function isGenuine(keys: VoprfKeys, token: UploadToken): boolean {
  const output = evaluateInput(keys, tokenInput(token.day, token.nonce));
  // Byte by byte and never ending early: how far a forged output is right must not show.
  return isAllZero(output.map((byte, index) => byte ^ (token.output[index] ?? 0)));
}

/** 101 bytes. @see docs/protocol.md section 8.6 */
export function encodeUploadToken(token: UploadToken): Uint8Array {
  return new ByteWriter(UPLOAD_TOKEN_BYTES)
    .bytes("token", tokenInput(token.day, token.nonce), TOKEN_INPUT_BYTES)
    .bytes("token.output", token.output, OUTPUT_BYTES)
    .finish();
}

/** @throws {DecodeError} `truncated`, `trailing-bytes` or `unsupported-version`. @see docs/protocol.md section 8.6 */
export function decodeUploadToken(bytes: Uint8Array): UploadToken {
  const reader = new ByteReader(bytes);
  if (reader.u8("token.version") !== PROTOCOL_VERSION) {
    throw new DecodeError("unsupported-version", "token.version", 0);
  }
  const token = {
    day: reader.u32("token.day"),
    nonce: reader.bytes("token.nonce", TOKEN_NONCE_BYTES),
    output: reader.bytes("token.output", OUTPUT_BYTES),
  };
  reader.end("token");
  return token;
}

function tokenInput(day: number, nonce: Uint8Array): Uint8Array {
  return new ByteWriter(TOKEN_INPUT_BYTES)
    .u8("token.version", PROTOCOL_VERSION)
    .u32("token.day", day)
    .bytes("token.nonce", nonce, TOKEN_NONCE_BYTES)
    .finish();
}
