import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  configFolder,
  type Environment,
  errorCode,
  Failure,
  readFileIfAny,
} from "@glowworm/platform";
import type { OptionValues } from "../command.ts";
import { textOption, usage } from "../options.ts";
import { tildeMistakes } from "./tilde.ts";

const FILE_NAME = "server.toml";
const SYSTEM_FOLDER = "/etc/glowworm";
const FILE_VARIABLE = "GLOWWORM_CONFIG";

/** A settings file as it was found. */
export interface SettingsFile {
  readonly file: string;
  readonly text: string;
}

/**
 * The file that was named, else the user's, else the machine's, else none.
 * @throws {Failure} when one that was named is not there, or one that is there cannot be read.
 */
export function findSettingsFile(values: OptionValues, env: Environment): SettingsFile | null {
  const flag = textOption(values, "config");
  if (flag !== undefined) return named("--config", flag);
  const variable = env[FILE_VARIABLE];
  if (variable !== undefined && variable !== "") return named(FILE_VARIABLE, variable);
  const usual = [configFolder(env), SYSTEM_FOLDER].map((folder) => join(folder, FILE_NAME));
  return usual.map(readIfAny).find((found) => found !== null) ?? null;
}

function named(place: string, file: string): SettingsFile {
  const remedy = `leave it out, or begin with deploy/${FILE_NAME}`;
  if (file === "") throw usage(`${place}: expected a settings file, got ""`, remedy);
  const [tilde] = tildeMistakes(place, file);
  if (tilde !== undefined) throw usage(`${place}: ${tilde.message}`, tilde.remedy);
  const found = readIfAny(file);
  if (found === null) throw usage(`${place}: no file ${file}`, remedy);
  return found;
}

function readIfAny(file: string): SettingsFile | null {
  try {
    const bytes = readFileIfAny(file);
    return bytes === null ? null : { file, text: new TextDecoder().decode(bytes) };
  } catch (cause) {
    const code = errorCode(cause);
    // A file where a folder on the way should be: nothing can be behind it.
    if (code === "ENOTDIR") return null;
    const remedy =
      code === "EISDIR"
        ? "name a file, not a folder"
        : `${whoMayRead(file)}: run this as who may, or name another with --config`;
    throw new Failure("noPermission", `${file} cannot be read: ${code}`, remedy, { cause });
  }
}

/** To whom a file is open, or the folder on the way to it that is closed to us. */
function whoMayRead(file: string): string {
  let path = file;
  while (!existsSync(path) && path !== dirname(path)) path = dirname(path);
  const { uid, gid, mode } = statSync(path);
  const shown = (mode & 0o7777).toString(8).padStart(4, "0");
  return `${path} is of user ${uid} and group ${gid}, with mode ${shown}`;
}
