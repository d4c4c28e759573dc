import { setImmediate as turn } from "node:timers/promises";
import { type Environment, type ExitName, errorCode, Failure, messageOf } from "@glowworm/platform";
import { loadCrypto } from "@glowworm/protocol";
import { type DamagedFile, openForTool, type ToolWorld } from "@glowworm/server";
import type { Invocation, OptionValues } from "./command.ts";
import { readSettings, requireSettings } from "./settings/read-settings.ts";
import { SERVER_SETTINGS, type ServerSettings } from "./settings/server-settings.ts";

/** What it is called when this user, or nobody, may read or write. */
const REFUSED: readonly string[] = ["EACCES", "EPERM", "EROFS"];
/** What a full disk is called. */
const NO_ROOM: readonly string[] = ["ENOSPC", "EDQUOT", "SQLITE_FULL"];

/** Options of a tool that say which server it is about. */
export const SERVER_TOOL_OPTIONS = {
  data: { type: "string" },
  config: { type: "string" },
} as const;

/** The settings that a server would run with, from flags, environment and file. @throws {Failure} usage */
export function serverSettings(values: OptionValues, env: Environment): ServerSettings {
  return requireSettings(readSettings(SERVER_SETTINGS, values, env));
}

/** Does the work of a tool until it is done or the signal comes. */
export async function runTool(
  { signal }: Invocation,
  work: (world: ToolWorld) => Promise<ExitName>,
): Promise<ExitName> {
  const crypto = await loadCrypto();
  const pause = async (): Promise<void> => {
    await turn();
    signal.throwIfAborted();
  };
  try {
    return await work({ crypto, openForReading: openForTool, pause });
  } catch (error) {
    if (signal.aborted && error === signal.reason) return "interrupted";
    if (NO_ROOM.includes(errorCode(error))) {
      throw new Failure("failure", "there is no room on the disk", "make room and try again", {
        cause: error,
      });
    }
    if (!REFUSED.includes(errorCode(error))) throw error;
    const remedy = "run this as the owner of the folder or as root, and where it may write";
    throw new Failure("noPermission", messageOf(error), remedy, { cause: error });
  }
}

/** Names what is damaged, and says with which code the command ends. */
export function concludeDamage(
  damaged: readonly DamagedFile[],
  say: (line: string) => void,
): ExitName {
  for (const { path, reason } of damaged) say(`server: damaged: ${path}: ${reason}`);
  return damaged.length === 0 ? "ok" : "failure";
}
