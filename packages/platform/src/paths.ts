import { homedir } from "node:os";
import { join } from "node:path";

/** Environment variables, handed in. */
export type Environment = Readonly<Record<string, string | undefined>>;

const NAME = "glowworm";

/** Where a role keeps its state: `$STATE_DIRECTORY` under systemd, else XDG's state folder. */
export function stateFolder(env: Environment): string {
  const systemd = env["STATE_DIRECTORY"]?.split(":")[0];
  if (systemd !== undefined && systemd !== "") return systemd;
  return join(env["XDG_STATE_HOME"] || join(homedir(), ".local", "state"), NAME);
}

/** Where the owner's key and settings are. */
export function configFolder(env: Environment): string {
  return join(env["XDG_CONFIG_HOME"] || join(homedir(), ".config"), NAME);
}

/** What can be fetched or derived again. */
export function cacheFolder(env: Environment): string {
  return join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), NAME);
}
