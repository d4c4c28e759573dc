import { join } from "node:path";
import {
  assertPrivate,
  createFile,
  errorCode,
  Failure,
  makePrivateFolder,
  readFileIfAny,
} from "@glowworm/platform";
import { KEY_BYTES, type RandomSource } from "@glowworm/protocol";

/**
 * The secret that the day keys of upload tokens come from, 32 bytes; made in the data folder at the first start. Servers
 * over one cluster need the same one.
 * @throws {Failure} when the file is damaged, or others may read it.
 */
export function loadTokenSecret(dataFolder: string, random: RandomSource): Uint8Array {
  const folder = join(dataFolder, "admission");
  const path = join(folder, "token.secret");
  const known = readable(folder, path);
  if (known === null) {
    const secret = random.bytes(KEY_BYTES);
    createFile(path, secret);
    return secret;
  }
  assertPrivate(path);
  if (known.length === KEY_BYTES) return known;
  throw new Failure(
    "failure",
    `${path}: expected ${KEY_BYTES} bytes, found ${known.length}`,
    "put it back from a backup; without one, remove it: every runner then has to remove the relay's upload-tokens.json",
  );
}

function readable(folder: string, path: string): Uint8Array | null {
  try {
    makePrivateFolder(folder);
    return readFileIfAny(path);
  } catch (cause) {
    const remedy = `give it to the user of the server: sudo chown -R USER ${folder}`;
    const message = `${path}: cannot be read (${errorCode(cause)})`;
    throw new Failure("noPermission", message, remedy, { cause });
  }
}
