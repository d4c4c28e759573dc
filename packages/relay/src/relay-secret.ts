import { join } from "node:path";
import {
  assertPrivate,
  Failure,
  makePrivateFolder,
  readFileIfAny,
  replaceFile,
} from "@glowworm/platform";
import { KEY_BYTES, type RandomSource } from "@glowworm/protocol";

const FILE = "relay.secret";

/**
 * The secret behind the relay's marks, 32 bytes; made in the state folder at the first start.
 * @throws {Failure} when the file is damaged, or others may read it.
 */
export function loadRelaySecret(folder: string, random: RandomSource): Uint8Array {
  makePrivateFolder(folder);
  const path = join(folder, FILE);
  const known = readFileIfAny(path);
  if (known === null) {
    const secret = random.bytes(KEY_BYTES);
    replaceFile(path, secret);
    return secret;
  }
  assertPrivate(path);
  if (known.length === KEY_BYTES) return known;
  const remedy = `rm ${path}: the next start makes a new one, and this relay counts as another one from then on`;
  const found = `expected ${KEY_BYTES} bytes, found ${known.length}`;
  throw new Failure("failure", `${path}: ${found}`, remedy);
}
