import { join } from "node:path";
import { type Environment, Failure, folderTrouble, isThere } from "@glowworm/platform";
import { DAY_SECONDS } from "@glowworm/protocol";
import { type Invites, openInvites, StoreUnavailableError } from "@glowworm/server";
import type { OptionValues } from "../command.ts";
import { serverSettings } from "../server-tools.ts";
import { clusterFrom } from "../settings/cluster-settings.ts";

/** Does something with the invites of the server that the settings name: in its cluster, or in its data folder. @throws {Failure} */
export async function withInvites<T>(
  values: OptionValues,
  env: Environment,
  use: (invites: Invites) => Promise<T>,
): Promise<T> {
  const settings = serverSettings(values, env);
  const cluster = clusterFrom(settings);
  if (cluster.cluster === undefined) assertServers(settings.data);
  const invites = await openInvites({ dataFolder: settings.data, ...cluster });
  try {
    return await use(invites);
  } catch (cause) {
    if (!(cause instanceof StoreUnavailableError)) throw cause;
    const remedy = "see whether the nodes are up: nodetool status";
    throw new Failure("failure", `invites: ${cause.message}`, remedy, { cause });
  } finally {
    await invites.close();
  }
}

/** A typing error must not make a folder. @throws {Failure} */
function assertServers(data: string): void {
  try {
    if (["format", "lock.sqlite", "admission"].some((name) => isThere(join(data, name)))) return;
  } catch (error) {
    throw folderTrouble(error, data, "--data") ?? error;
  }
  const remedy = "name the folder that the server runs with, and start it once before: --data DIR";
  throw new Failure("usage", `--data: ${data} is no data folder of a server`, remedy);
}

/** A UTC day as a date, or null. */
export function dateOf(day: number | null): string | null {
  return day === null ? null : new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 10);
}
