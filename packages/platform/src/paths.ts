import { homedir } from "node:os";
import { join } from "node:path";
import { Failure } from "./failure.ts";

/** Environment variables, handed in. */
export type Environment = Readonly<Record<string, string | undefined>>;

const NAME = "glowworm";

/** Where a role keeps its state: `$STATE_DIRECTORY` under systemd, else XDG's state folder. */
export function stateFolder(env: Environment): string {
  const systemd = env["STATE_DIRECTORY"]?.split(":")[0];
  if (systemd !== undefined && systemd !== "") return systemd;
  return join(env["XDG_STATE_HOME"] || join(homeFolder(), ".local", "state"), NAME);
}

/** Where the owner's key and settings are. */
export function configFolder(env: Environment): string {
  return join(env["XDG_CONFIG_HOME"] || join(homeFolder(), ".config"), NAME);
}

/** What can be fetched or derived again. */
export function cacheFolder(env: Environment): string {
  return join(env["XDG_CACHE_HOME"] || join(homeFolder(), ".cache"), NAME);
}

function homeFolder(): string {
  const home = homeOfUser();
  if (home !== "") return home;
  throw new Failure(
    "usage",
    "this user has no home folder, and HOME names none",
    "set HOME; or XDG_CONFIG_HOME, XDG_CACHE_HOME and XDG_STATE_HOME, as far as the command needs them",
  );
}

function homeOfUser(): string {
  try {
    return homedir();
  } catch {
    // The system knows no such user, as with a bare number in a container.
    return "";
  }
}
