/** Base of every error this project throws on purpose. `code` is stable; `message` names the field and the remedy. */
export abstract class ProtocolError extends Error {
  abstract readonly code: string;
}

/** Why bytes were refused. Test vectors name one of these in `expect`. */
export type DecodeErrorCode = "truncated" | "trailing-bytes" | "bad-value" | "unsupported-version";

/** A peer or a file gave bytes that are ours but malformed. */
export class DecodeError extends ProtocolError {
  override readonly name = "DecodeError";
  readonly code: DecodeErrorCode;
  /** Dotted path as spelled in docs/protocol.md, such as `sighting.latitude`. */
  readonly field: string;
  /** Bytes from the start of the structure. */
  readonly offset: number;

  constructor(code: DecodeErrorCode, field: string, offset: number, detail?: string) {
    super(`${field} at byte ${offset}: ${detail ?? code}`);
    this.code = code;
    this.field = field;
    this.offset = offset;
  }
}

/** Our own caller passed something impossible: a bug, or an argument to correct. */
export class UsageError extends ProtocolError {
  override readonly name = "UsageError";
  readonly code = "usage";
}

/** An X25519 result was all zero: the peer's key has low order, and anybody could open what is sealed to it. */
export class WeakKeyError extends ProtocolError {
  override readonly name = "WeakKeyError";
  readonly code = "weak-public-key";

  constructor(options?: ErrorOptions) {
    super("public key has low order: refuse it", options);
  }
}
