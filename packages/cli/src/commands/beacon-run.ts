import { join } from "node:path";
import {
  Beacon,
  type BeaconEvent,
  CardStore,
  type ClockUse,
  createBlenoAdvertiser,
  type Disk,
  importCards,
  openFolder,
} from "@glowworm/beacon";
import {
  assumeSynchronised,
  type ExitName,
  lockFolder,
  readFileIfAny,
  systemClock,
  systemClockTrust,
  systemRandom,
  withNamedPath,
} from "@glowworm/platform";
import { type CryptoSuite, DAY_SECONDS, loadCrypto } from "@glowworm/protocol";
import type { Command, Invocation } from "../command.ts";
import { isGiven, textOption, usage } from "../options.ts";
import { assertNoWords } from "../positionals.ts";
import { runUntilStopped } from "../run-until-stopped.ts";
import { stateOption } from "../state-option.ts";

const HELP = `usage: glowworm beacon run [--cards FILE] [--adapter ADAPTER] [--state DIR] [--assume-synchronised]

Broadcasts this computer's key, a new one every 5 minutes, until it is stopped.

  --cards FILE            first run only: the card file that "glowworm device add" made; it is copied into the state
                          folder, and FILE should then be deleted
  --adapter hciN|h4:PATH  Bluetooth adapter, or a controller behind a socket (default hci0)
  --state DIR             where cards and state are kept (default $STATE_DIRECTORY/beacon, or
                          ~/.local/state/glowworm/beacon); leave it out of backups
  --assume-synchronised   something other than systemd keeps this clock right

examples:
  glowworm beacon run --cards laptop.cards
  glowworm beacon run --adapter hci1`;

/** `glowworm beacon run`: makes this computer one that can be found. */
export const beaconRunCommand: Command = {
  name: "beacon run",
  summary: "broadcast this computer's keys so that relays can report where it is",
  help: HELP,
  options: {
    adapter: { type: "string" },
    state: { type: "string" },
    cards: { type: "string" },
    "assume-synchronised": { type: "boolean" },
  },
  run,
};

async function run(invocation: Invocation): Promise<ExitName> {
  const { values, positionals, env } = invocation;
  assertNoWords(positionals, "beacon run");
  const folder = stateOption(values, env, "beacon");
  const disk = withNamedPath("--state", () => openFolder(folder));
  const lock = lockFolder(join(folder, "lock.sqlite"), {
    message: `${folder}: another beacon uses this folder`,
    remedy: "stop it first: two would erase each other's keys",
  });
  try {
    return await runIn(disk, invocation);
  } finally {
    lock.release();
  }
}

async function runIn(disk: Disk, { values, signal, say }: Invocation): Promise<ExitName> {
  const crypto = await loadCrypto();
  const cards = textOption(values, "cards");
  if (cards !== undefined) bringIn(crypto, disk, cards, say);
  const store = new CardStore(crypto, disk);
  if (store.origin === "lost") {
    say("state is missing or damaged: going on after the last erased day");
  }
  const adapter = textOption(values, "adapter") ?? "hci0";
  const isAssumed = isGiven(values, "assume-synchronised");
  const beacon = new Beacon({
    crypto,
    clock: systemClock,
    random: systemRandom,
    trust: isAssumed ? assumeSynchronised(systemClockTrust) : systemClockTrust,
    advertiser: createBlenoAdvertiser({ adapter, clock: systemClock }),
    store,
    onEvent: (event) => say(lineOf(event)),
  });
  await beacon.start();
  say(
    `broadcasting on ${adapter}, cards for ${rangeOf(store)}; key and address change every 5 minutes`,
  );
  await runUntilStopped(beacon, () => beacon.stop(), signal);
  return "ok";
}

function bringIn(crypto: CryptoSuite, disk: Disk, file: string, say: (line: string) => void): void {
  importCards(crypto, disk, readCards(file), file);
  say(`cards are in the state folder; now delete the original: shred -u ${shellWord(file)}`);
}

function readCards(file: string): Uint8Array {
  const bytes = withNamedPath("--cards", () => readFileIfAny(file));
  if (bytes !== null) return bytes;
  const remedy = "give the path of the card file; leave --cards out once the cards were brought in";
  throw usage(`--cards: no file ${file}`, remedy);
}

/** A path as a shell takes it: what is copied from a message must not delete something else. */
function shellWord(path: string): string {
  if (/^[\w./][\w./-]*$/.test(path)) return path;
  const quoted = `'${path.replaceAll("'", "'\\''")}'`;
  return path.startsWith("-") ? `-- ${quoted}` : quoted;
}

function rangeOf(store: CardStore): string {
  return `${dateOf(store.days.first)} to ${dateOf(store.days.last)}`;
}

function dateOf(day: number): string {
  return new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 10);
}

const CLOCK_LINES: Readonly<Record<ClockUse, string>> = {
  trusted: "clock is synchronised",
  untrusted:
    "clock is not synchronised: going by it as far as it is plausible, otherwise by the time since the last known one",
  "outside-cards":
    "clock shows a day that no card is for: going by the time since the last known one; when the cards have run out, make new ones: glowworm device add NAME",
  "went-back": "clock went back to keys that are erased: going on with later ones",
};

function lineOf(event: BeaconEvent): string {
  if (event.type === "clock") return CLOCK_LINES[event.use];
  return event.isWorking ? "Bluetooth works again" : "Bluetooth does not answer: trying again";
}
