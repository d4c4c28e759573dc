import type { Command } from "./command.ts";
import { beaconRun } from "./commands/beacon-run.ts";
import { demo } from "./commands/demo.ts";
import { deviceAddCommand } from "./commands/device-add.ts";
import { findCommand } from "./commands/find.ts";
import { historyCommand } from "./commands/history.ts";
import { initCommand } from "./commands/init.ts";
import { relayRun } from "./commands/relay-run.ts";
import { serverRun } from "./commands/server-run.ts";

/** Every command, in the order in which help lists them. */
export const COMMANDS: readonly Command[] = [
  initCommand,
  deviceAddCommand,
  findCommand,
  historyCommand,
  beaconRun,
  relayRun,
  serverRun,
  demo,
];
