import type { Command } from "./command.ts";
import { deviceAddCommand } from "./commands/device-add.ts";
import { findCommand } from "./commands/find.ts";
import { historyCommand } from "./commands/history.ts";
import { initCommand } from "./commands/init.ts";

/** Every command, in the order in which help lists them. */
export const COMMANDS: readonly Command[] = [
  initCommand,
  deviceAddCommand,
  findCommand,
  historyCommand,
];
