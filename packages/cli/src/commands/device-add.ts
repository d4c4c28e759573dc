import { existsSync } from "node:fs";
import {
  addDevice,
  type Device,
  makeCardFile,
  OwnerFolder,
  type Registry,
  readdDevice,
} from "@glowworm/owner";
import { configFolder, createFile, type ExitName, systemClock } from "@glowworm/platform";
import { deriveDeviceKey, loadCrypto, secondsNow } from "@glowworm/protocol";
import type { Command, Invocation } from "../command.ts";
import { numberOption, textOption, usage } from "../options.ts";
import { askPassphrase } from "../passphrase.ts";
import { onlyWord } from "../positionals.ts";
import { systemTerminal, type Terminal } from "../terminal.ts";

export const deviceAddCommand: Command = {
  name: "device add",
  summary: "register a device and make its cards",
  help: `usage: glowworm device add NAME [--number N]

Registers a device and writes NAME.cards to this folder: ten years of day cards, all that the beacon on
that device needs. They open no report, but whoever has them can recognise its broadcasts.

  --number N    after init --restore: the device that has this number already; makes no cards

  glowworm device add laptop
  glowworm device add laptop --number 1`,
  options: { number: { type: "string" } },
  run: (invocation) => addNamed(invocation, systemTerminal(invocation.signal)),
};

async function addNamed(invocation: Invocation, terminal: Terminal): Promise<ExitName> {
  const name = onlyWord(invocation.positionals, "device add");
  const crypto = await loadCrypto();
  const folder = new OwnerFolder(crypto, configFolder(invocation.env));
  const now = secondsNow(systemClock);
  const before = folder.readRegistry();
  folder.assertKey();
  if (textOption(invocation.values, "number") !== undefined) {
    return readd(invocation, folder, before, name, now);
  }
  const { registry, device } = addDevice(before, name, now);
  const path = `${name}.cards`;
  if (existsSync(path)) throw usage(`${path} exists already`, "move it away");
  const ownerKey = await folder.loadKey(() => askPassphrase(invocation.env, terminal));
  const cards = makeCardFile(crypto, deriveDeviceKey(crypto, ownerKey, device.number), now);
  // First, so that a number whose cards are on a disk is taken however this ends.
  folder.writeRegistry(registry);
  try {
    createFile(path, cards);
  } catch (error) {
    folder.writeRegistry(before);
    throw error;
  }
  invocation.out(path);
  sayNext(invocation, path, device);
  return "ok";
}

function readd(
  { values, say }: Invocation,
  folder: OwnerFolder,
  before: Registry,
  name: string,
  now: number,
): ExitName {
  const number = numberOption(values, "number", { min: 1, max: 0xffff_ffff, otherwise: 1 });
  if (!Number.isInteger(number)) throw usage("--number: expected a whole number", "--number 1");
  folder.writeRegistry(readdDevice(before, name, number, now).registry);
  say(`${name} is device number ${number}. Next: glowworm find ${name}`);
  return "ok";
}

function sayNext({ say }: Invocation, path: string, { name, number }: Device): void {
  say(
    `${path} holds ten years of cards. Bring it to ${name} and start the beacon there once with it:`,
  );
  say(`  scp ${path} ${name}:glowworm/`);
  say(`  ssh -t ${name} "cd glowworm && npx glowworm beacon run --cards ${path}"`);
  say(
    "The beacon keeps its own copy. Then delete both files: whoever has one can follow the device by radio.",
  );
  say(`  rm ${path}`);
  say(`Write beside your recovery words: ${name} is device number ${number}.`);
}
