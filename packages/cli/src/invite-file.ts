import { assertPrivate, Failure, readFileIfAny, withNamedPath } from "@glowworm/platform";
import { type CryptoSuite, DecodeError, decodeInvite } from "@glowworm/protocol";

/** The secret of the invite in a file, 16 bytes. @throws {Failure} that never repeats what the file holds. */
export function readInviteFile(crypto: CryptoSuite, path: string): Uint8Array {
  const bytes = withNamedPath("--invite-file", () => readFileIfAny(path));
  if (bytes === null) {
    const remedy = "put the invite that the server's operator gave you into it";
    throw new Failure("keyMissing", `--invite-file: there is no ${path}`, remedy);
  }
  assertPrivate(path);
  try {
    return decodeInvite(crypto, Buffer.from(bytes).toString("utf8"));
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new Failure(
      "usage",
      `${path}: ${cause.message}`,
      "copy the whole line that glowworm server invite printed, glowworm-invite-...",
      { cause },
    );
  }
}
