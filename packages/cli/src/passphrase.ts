import { type Environment, Failure, readFileIfAny, withNamedPath } from "@glowworm/platform";
import { usage } from "./options.ts";
import type { Terminal } from "./terminal.ts";

const VARIABLE = "GLOWWORM_PASSPHRASE_FILE";

/** The passphrase of an existing key, from the file that the environment names, else from the keyboard. @throws {Failure} */
export async function askPassphrase(env: Environment, terminal: Terminal): Promise<string> {
  const written = passphraseInFile(env);
  if (written !== null) return written;
  if (terminal.isInteractive) return terminal.readHidden("Passphrase of the owner key: ");
  throw usage(
    "the owner key has a passphrase, and there is no terminal to ask for it",
    `write it to a file that only you can read, and set ${VARIABLE} to its path`,
  );
}

/** The passphrase for a new key, typed twice. @throws {Failure} */
export async function choosePassphrase(env: Environment, terminal: Terminal): Promise<string> {
  const written = passphraseInFile(env);
  if (written !== null) return written;
  if (!terminal.isInteractive) {
    throw usage(
      "there is no terminal to ask for a passphrase for the owner key",
      `set ${VARIABLE} to the path of a file with it, or say --no-passphrase`,
    );
  }
  const first = await terminal.readHidden("New passphrase for the owner key: ");
  if (first === "") {
    throw usage("the passphrase is empty", "for a key without one: glowworm init --no-passphrase");
  }
  if ((await terminal.readHidden("The same again: ")) === first) return first;
  throw usage("the two passphrases differ", "run it again");
}

function passphraseInFile(env: Environment): string | null {
  const path = env[VARIABLE];
  if (path === undefined || path === "") return null;
  const bytes = withNamedPath(VARIABLE, () => readFileIfAny(path));
  if (bytes === null)
    throw usage(`${VARIABLE}: ${path} does not exist`, "write the passphrase to it");
  const passphrase = new TextDecoder().decode(bytes).replace(/\r?\n$/, "");
  if (passphrase !== "") return passphrase;
  throw new Failure("usage", `${VARIABLE}: ${path} is empty`, "write the passphrase to it");
}
