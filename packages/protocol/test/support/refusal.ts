import { DecodeError, type DecodeErrorCode, ProtocolError } from "../../src/index.ts";

/** The code with which a call was refused; undefined when it was not. Anything but our own errors passes through. */
export function codeOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}

/** Whether a decoder keeps its promise on some bytes: a value, null, or a `DecodeError`. */
export function isTotal(decode: () => unknown): boolean {
  try {
    decode();
    return true;
  } catch (error) {
    return error instanceof DecodeError;
  }
}

/** Every code a decoder may refuse with. */
export const DECODE_ERROR_CODES: readonly DecodeErrorCode[] = [
  "truncated",
  "trailing-bytes",
  "bad-value",
  "unsupported-version",
];
