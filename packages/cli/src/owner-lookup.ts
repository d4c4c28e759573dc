import {
  type Device,
  deviceNamed,
  type FindResult,
  findDevice,
  nothingFoundLines,
  OwnerFolder,
  type Progress,
  serverUrlFrom,
  warningLines,
} from "@glowworm/owner";
import {
  cacheFolder,
  configFolder,
  type ExitName,
  Failure,
  systemClock,
  systemRandom,
} from "@glowworm/platform";
import { deriveDeviceKey, loadCrypto } from "@glowworm/protocol";
import type { Invocation, OptionValues } from "./command.ts";
import { isGiven, textOption, usage } from "./options.ts";
import { askPassphrase } from "./passphrase.ts";
import { progressLine } from "./progress.ts";
import { systemTerminal } from "./terminal.ts";

const STAGES = {
  keys: "deriving ids, once: day",
  kept: "reading what is on this disk: hour",
  open: "reading the open hour: segment",
  closed: "reading closed hours: hour",
  filters: "searching large hours: hour",
  hits: "reading pages of large hours: page",
} as const;

/** How `find` and `history` print. */
export type OutputFormat = "text" | "json" | "geojson";

/** Options that `find` and `history` share. */
export const LOOKUP_OPTIONS = {
  json: { type: "boolean" },
  format: { type: "string" },
  compare: { type: "string" },
} as const;

/** The format asked for. @throws {Failure} usage */
export function outputFormat(values: OptionValues): OutputFormat {
  const format = textOption(values, "format");
  if (format === undefined) return isGiven(values, "json") ? "json" : "text";
  if (format === "geojson" && !isGiven(values, "json")) return "geojson";
  throw usage("--format: expected geojson, and no --json beside it", "--json or --format geojson");
}

/** A lookup that has ended. */
export interface Looked {
  readonly device: Device;
  /** Base URL of the server that was asked. */
  readonly server: string;
  readonly result: FindResult;
}

/** Looks for the device that the owner named. @throws {Failure} */
export async function lookForDevice(invocation: Invocation, name: string): Promise<Looked> {
  const { env, signal, values } = invocation;
  const compare = textOption(values, "compare");
  const compareUrl = compare === undefined ? undefined : serverUrlFrom(compare, "--compare");
  const crypto = await loadCrypto();
  const folder = new OwnerFolder(crypto, configFolder(env));
  const registry = folder.readRegistry();
  folder.assertKey();
  const device = deviceNamed(registry, name);
  const { server } = registry;
  if (server === null) throw usage("no server is chosen", "glowworm init --server URL");
  const ownerKey = await folder.loadKey(() => askPassphrase(env, systemTerminal(signal)));
  const progress = progressLine();
  const deps = {
    crypto,
    clock: systemClock,
    random: systemRandom,
    fetch,
    serverUrl: server,
    compareUrl,
    cacheFolder: cacheFolder(env),
    signal,
    onProgress: (done: Progress) => progress.show(lookupText(done)),
  };
  const key = deriveDeviceKey(crypto, ownerKey, device.number);
  try {
    return { device, server, result: await findDevice(deps, { ...device, key }) };
  } finally {
    progress.clear();
  }
}

/**
 * Says what a person should know besides the answer. @returns how the lookup ends.
 * @throws {Failure} serverUnreachable when that left nothing to show.
 */
export function conclude(invocation: Invocation, looked: Looked): ExitName {
  const { device, result } = looked;
  const exit = exitOf(looked);
  const talk =
    result.place === null ? nothingFoundLines(device.name, result) : warningLines(result);
  for (const line of talk) invocation.say(line);
  return exit;
}

function exitOf({ server, result }: Looked): ExitName {
  const { isServerReached, problems } = result.lookup;
  if (result.isInterrupted) return "interrupted";
  if (!isServerReached && result.place === null) {
    throw new Failure(
      "serverUnreachable",
      `${server} gave nothing: ${problems[0]?.detail ?? "no answer"}`,
      "see whether it runs and the network is there, then try again; or choose another server: glowworm init --server URL",
    );
  }
  if (!isServerReached) return "serverUnreachable";
  if (result.place === null) return "notFound";
  return problems.length === 0 ? "ok" : "partial";
}

function lookupText({ stage, done, total, hits }: Progress): string {
  const found = hits === 0 ? "" : `, ${hits} of this device's records so far`;
  return `${STAGES[stage]} ${done} of ${total}${found}`;
}
