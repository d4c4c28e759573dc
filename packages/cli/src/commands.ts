import type { Command } from "./command.ts";
import { serverRun } from "./commands/server-run.ts";

/** Every command, in the order in which help lists them. */
export const COMMANDS: readonly Command[] = [serverRun];
