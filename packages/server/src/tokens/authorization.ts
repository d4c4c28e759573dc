import { DecodeError, decodeUploadToken, type UploadToken } from "@glowworm/protocol";
import { ProblemError } from "../http/problem.ts";

/** 101 bytes in base64url without padding. */
const HEADER = /^glowworm-token ([\w-]{135})$/i;

/** The token in an `Authorization` header. @throws {ProblemError} `token-required` when there is none. */
export function tokenIn(authorization: string | undefined): UploadToken {
  const text = HEADER.exec(authorization ?? "")?.[1];
  if (text === undefined) throw required();
  try {
    return decodeUploadToken(new Uint8Array(Buffer.from(text, "base64url")));
  } catch (error) {
    throw error instanceof DecodeError ? required() : error;
  }
}

function required(): ProblemError {
  const detail =
    "this server takes uploads from invited relays: ask its operator for an invite, and start the relay with --invite-file FILE";
  return new ProblemError("token-required", detail, { "www-authenticate": "Glowworm-Token" });
}
