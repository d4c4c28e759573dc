import type { Command } from "./command.ts";
import { beaconRunCommand } from "./commands/beacon-run.ts";
import { configCheckCommand } from "./commands/config-check.ts";
import { demoCommand } from "./commands/demo.ts";
import { deviceAddCommand } from "./commands/device-add.ts";
import { findCommand } from "./commands/find.ts";
import { historyCommand } from "./commands/history.ts";
import { initCommand } from "./commands/init.ts";
import { relayRunCommand } from "./commands/relay-run.ts";
import { serverBackupCommand } from "./commands/server-backup.ts";
import { serverInviteCommand } from "./commands/server-invite.ts";
import { serverInvitesCommand } from "./commands/server-invites.ts";
import { serverMirrorCommand } from "./commands/server-mirror.ts";
import { serverRestoreCommand } from "./commands/server-restore.ts";
import { serverRunCommand } from "./commands/server-run.ts";
import { serverStatsCommand } from "./commands/server-stats.ts";
import { serverUninviteCommand } from "./commands/server-uninvite.ts";
import { serverVerifyCommand } from "./commands/server-verify.ts";

/** Every command, in the order in which help lists them. */
export const COMMANDS: readonly Command[] = [
  initCommand,
  deviceAddCommand,
  findCommand,
  historyCommand,
  beaconRunCommand,
  relayRunCommand,
  serverRunCommand,
  serverInviteCommand,
  serverInvitesCommand,
  serverUninviteCommand,
  serverMirrorCommand,
  serverBackupCommand,
  serverRestoreCommand,
  serverVerifyCommand,
  serverStatsCommand,
  configCheckCommand,
  demoCommand,
];

/** Whether words begin with the name of a command. */
export function isNamed(command: Command, words: readonly string[]): boolean {
  return command.name.split(" ").every((word, index) => words[index] === word);
}
