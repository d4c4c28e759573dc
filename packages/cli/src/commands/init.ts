import {
  OwnerFolder,
  ownerKeyFromWords,
  RECOVERY_WORDS,
  type Registry,
  restoredRegistry,
  serverUrlFrom,
  wordsOf,
} from "@glowworm/owner";
import { configFolder, type ExitName, systemClock, systemRandom } from "@glowworm/platform";
import { loadCrypto, secondsNow } from "@glowworm/protocol";
import type { Command, Invocation } from "../command.ts";
import { isGiven, textOption, usage } from "../options.ts";
import { choosePassphrase } from "../passphrase.ts";
import { assertNoWords } from "../positionals.ts";
import { systemTerminal, type Terminal } from "../terminal.ts";

const WORDS_PER_LINE = 6;

export const initCommand: Command = {
  name: "init",
  summary: "make the owner key, or choose the server",
  help: `usage: glowworm init [--server URL] [--no-passphrase] [--restore]

Makes the owner key, which opens the reports of all your devices, and prints the ${RECOVERY_WORDS} words that
bring it back. Where there is a key already, --server alone chooses another server.

  --server URL       server whose reports are searched; remembered
  --no-passphrase    keep the key on this disk unencrypted
  --restore          make the key from its words, typed or piped in, instead of a new one

The passphrase is asked for, or read from the file that GLOWWORM_PASSPHRASE_FILE names.

  glowworm init --server https://glow.example
  glowworm init --restore < words.txt`,
  options: {
    server: { type: "string" },
    "no-passphrase": { type: "boolean" },
    restore: { type: "boolean" },
  },
  run: (invocation) => init(invocation, systemTerminal(invocation.signal)),
};

async function init(invocation: Invocation, terminal: Terminal): Promise<ExitName> {
  const { values, positionals, env } = invocation;
  assertNoWords(positionals, "init");
  const crypto = await loadCrypto();
  const folder = new OwnerFolder(crypto, configFolder(env));
  const serverOption = textOption(values, "server");
  const server = serverOption === undefined ? null : serverUrlFrom(serverOption, "--server");
  const isRestoring = isGiven(values, "restore");
  const before = folder.readRegistry();
  if (folder.hasKey()) return chooseServer(invocation, folder, before, server);
  assertFits(before, isRestoring);
  const ownerKey = isRestoring
    ? ownerKeyFromWords(await readWords(terminal))
    : systemRandom.bytes(32);
  const isOpen = isGiven(values, "no-passphrase");
  const passphrase = isOpen ? null : await choosePassphrase(env, terminal);
  await folder.createKey(systemRandom, ownerKey, passphrase);
  const isRegistryLost = isRestoring && before.devices.length === 0;
  const nowSeconds = secondsNow(systemClock);
  const registry = isRegistryLost ? restoredRegistry(null, nowSeconds) : before;
  folder.writeRegistry({ ...registry, server: server ?? before.server });
  if (isRestoring) sayRestored(invocation, folder.keyPath, isRegistryLost);
  else showWords(invocation, folder.keyPath, wordsOf(ownerKey));
  if ((server ?? before.server) === null) {
    invocation.say("Before you look for a device, choose the server: glowworm init --server URL");
  }
  return "ok";
}

function chooseServer(
  { values, say }: Invocation,
  folder: OwnerFolder,
  registry: Registry,
  server: string | null,
): ExitName {
  const isRestoring = isGiven(values, "restore");
  if (server === null || isRestoring || isGiven(values, "no-passphrase")) {
    throw usage(
      `${folder.keyPath} exists already, and is not made anew`,
      isRestoring
        ? "if it is not the key of these words, move it away, then run this again"
        : "to choose a server: glowworm init --server URL",
    );
  }
  folder.writeRegistry({ ...registry, server });
  say(`From now on ${server} is searched. The owner key is as it was.`);
  return "ok";
}

/** Under another key the devices of the registry would be searched for in vain, and nothing would say why. */
function assertFits(registry: Registry, isRestoring: boolean): void {
  if (isRestoring || registry.devices.length === 0) return;
  throw usage(
    "there are devices of an owner key that is not here any more",
    "bring it back with its words: glowworm init --restore; or move devices.json away",
  );
}

function readWords(terminal: Terminal): Promise<string> {
  if (!terminal.isInteractive) return terminal.readAll();
  return terminal.readLines(
    `The ${RECOVERY_WORDS} words, on one line or several, then an empty line:\n`,
  );
}

function showWords({ out, say }: Invocation, keyPath: string, words: readonly string[]): void {
  say(`The owner key is in ${keyPath}.`);
  say(
    "These words bring it back when this disk is lost. Write them on paper: they are not shown again,",
  );
  say("and whoever reads them can open every report of your devices.\n");
  for (let at = 0; at < words.length; at += WORDS_PER_LINE) {
    out(words.slice(at, at + WORDS_PER_LINE).join(" "));
  }
  say("\nNext: glowworm device add NAME");
}

function sayRestored({ say }: Invocation, keyPath: string, isRegistryLost: boolean): void {
  say(`The owner key is back in ${keyPath}.`);
  if (!isRegistryLost) return;
  say("Name each of its devices again, with the number that was written down beside the words:");
  say("  glowworm device add NAME --number N");
}
