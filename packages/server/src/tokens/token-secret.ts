import { dirname, join } from "node:path";
import {
  assertPrivate,
  createFile,
  errorCode,
  Failure,
  makePrivateFolder,
  readFileIfAny,
} from "@glowworm/platform";
import { KEY_BYTES, type RandomSource } from "@glowworm/protocol";
import { openInviteBook } from "./invite-book.ts";

/**
 * The secret that the day keys of upload tokens come from, 32 bytes; made in the data folder at the first start, which
 * `onMade` is told of.
 * @throws {Failure} when the file is damaged, or others may read it, or it is lost and tokens were issued before: relays
 *   refuse other keys for days whose keys they have seen, and after a new secret not even the old one would mend that. Not
 *   to start loses nothing: relays keep their reports.
 */
export async function loadTokenSecret(
  dataFolder: string,
  random: RandomSource,
  onMade: (path: string) => void,
): Promise<Uint8Array> {
  const folder = join(dataFolder, "admission");
  const path = join(folder, "token.secret");
  const known = readable(folder, path);
  if (known === null) {
    if (await hasIssued(dataFolder)) {
      throw lost(`${path} is missing, and tokens were issued with it`, path);
    }
    const secret = random.bytes(KEY_BYTES);
    createFile(path, secret);
    onMade(path);
    return secret;
  }
  assertPrivate(path);
  if (known.length === KEY_BYTES) return known;
  throw lost(`${path}: expected ${KEY_BYTES} bytes, found ${known.length}`, path);
}

/** Whether tokens were issued for an invite that is still there: an invite alone may have been made before the first start. */
async function hasIssued(dataFolder: string): Promise<boolean> {
  const invites = openInviteBook(dataFolder);
  try {
    return (await invites.list()).some(({ issueDay }) => issueDay !== null);
  } finally {
    await invites.close();
  }
}

function lost(message: string, path: string): Failure {
  const anew = `head -c ${KEY_BYTES} /dev/urandom > ${path} && chmod 600 ${path} && chown --reference=${dirname(path)} ${path}`;
  const remedy = `put it back from a backup; without one every runner has to remove the relay's upload-tokens.json, after ${anew}`;
  return new Failure("failure", message, remedy);
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
