import type { Environment } from "@glowworm/platform";
import type { OptionValues } from "../command.ts";
import { contradictions } from "./contradictions.ts";
import { DEFAULT_ORIGIN, type ReadSettings, readSettings } from "./read-settings.ts";
import { SERVER_SETTINGS, type ServerSettings } from "./server-settings.ts";

/**
 * The settings of a server that is to run, checked one by one and then together. Tools that need only its folder read
 * them without the latter: they have to work on a server that does not start.
 * @throws {Failure} when a file that was named cannot be read.
 */
export function readServerSettings(
  values: OptionValues,
  env: Environment,
): ReadSettings<ServerSettings> {
  const read = readSettings(SERVER_SETTINGS, values, env);
  if (read.settings === null) return read;
  const written = new Map(read.effective.map((one) => [one.key, one]));
  const mistakes = contradictions({
    settings: read.settings,
    isChosen: (key) => written.get(key)?.origin !== DEFAULT_ORIGIN,
    placeOf: (key) => written.get(key)?.place ?? key,
  });
  return mistakes.length === 0 ? read : { ...read, mistakes, settings: null };
}
