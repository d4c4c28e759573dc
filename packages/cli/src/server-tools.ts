import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { type Environment, type ExitName, openForReading, stateFolder } from "@glowworm/platform";
import { loadCrypto } from "@glowworm/protocol";
import type { DamagedFile, ToolWorld } from "@glowworm/server";
import type { Invocation, OptionValues } from "./command.ts";
import { textOption } from "./options.ts";

/** Where a server keeps its reports unless it is told otherwise. */
export function serverFolder(values: OptionValues, env: Environment): string {
  return textOption(values, "data") ?? join(stateFolder(env), "server");
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
    return await work({ crypto, openForReading, pause });
  } catch (error) {
    if (signal.aborted && error === signal.reason) return "interrupted";
    throw error;
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
