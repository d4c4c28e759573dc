import { join } from "node:path";
import {
  configFolder,
  type Environment,
  errorCode,
  Failure,
  readFileIfAny,
} from "@glowworm/platform";
import type { OptionValues } from "../command.ts";
import { textOption, usage } from "../options.ts";
import { environmentLayer, fileLayer, flagLayer, type Mistake } from "./layers.ts";
import type { Setting, Settings } from "./setting.ts";

const FILE_NAME = "server.toml";
const SYSTEM_FOLDER = "/etc/glowworm";
const FILE_VARIABLE = "GLOWWORM_CONFIG";
const DEFAULT = "default";

/** A setting that counts, as it was written, and where. */
interface Effective {
  readonly key: string;
  /** Null: nobody chose, and there is no default. */
  readonly value: unknown;
  /** A file, a variable, a flag, or `default`. */
  readonly origin: string;
}

/** What flags, environment and file come to. */
export interface ReadSettings<T> {
  /** The file that was read, or null when there is none. */
  readonly file: string | null;
  readonly effective: readonly Effective[];
  readonly mistakes: readonly Mistake[];
  /** Checked values, or null when there are mistakes. */
  readonly settings: T | null;
}

/** Reads file, environment and flags; later ones win. @throws {Failure} when a file that was named cannot be read. */
export function readSettings<T>(
  settings: Settings<T>,
  values: OptionValues,
  env: Environment,
): ReadSettings<T> {
  const found = findFile(values, env);
  const layers = [
    ...(found === null ? [] : [fileLayer(settings, found.file, found.text)]),
    environmentLayer(settings, env),
    flagLayer(settings, values),
  ];
  const written = new Map(layers.flatMap((layer) => layer.written.map((one) => [one.key, one])));
  const mistakes = layers.flatMap((layer) => layer.mistakes);
  const checked: Record<string, unknown> = {};
  const effective = Object.entries<Setting<unknown>>(settings).map(([key, setting]) => {
    const { value, origin, place } = written.get(key) ?? {
      value: setting.otherwise(env),
      origin: DEFAULT,
      place: key,
    };
    const parsed = value === null ? null : setting.schema.safeParse(value);
    if (parsed !== null && !parsed.success) mistakes.push(wrongValue(place, value, setting));
    checked[key] = parsed?.data ?? null;
    return { key, value, origin };
  });
  const isRight = mistakes.length === 0;
  const file = found?.file ?? null;
  return { file, effective, mistakes, settings: isRight ? (checked as T) : null };
}

/** The checked settings. @throws {Failure} usage, naming every mistake. */
export function requireSettings<T>({ settings, mistakes }: ReadSettings<T>): T {
  if (settings !== null) return settings;
  const [first, ...others] = mistakes.map(({ place, message, remedy }) => ({
    message: `${place}: ${message}`,
    remedy,
  }));
  const more = others.map(({ message, remedy }) => `\nglowworm: ${message}\n  ${remedy}`).join("");
  throw usage(first?.message ?? "", `${first?.remedy ?? ""}${more}`);
}

function wrongValue(place: string, value: unknown, setting: Setting<unknown>): Mistake {
  return {
    place,
    message: `expected ${setting.expected}, got ${JSON.stringify(value)}`,
    remedy: `for example ${JSON.stringify(setting.example)}`,
  };
}

interface FoundFile {
  readonly file: string;
  readonly text: string;
}

/** The file that was named, else the user's, else the machine's, else none. */
function findFile(values: OptionValues, env: Environment): FoundFile | null {
  const flag = textOption(values, "config");
  const named = flag ?? env[FILE_VARIABLE];
  if (named !== undefined && named !== "") {
    const found = readIfAny(named);
    if (found !== null) return found;
    const place = flag === undefined ? FILE_VARIABLE : "--config";
    throw usage(`${place}: no file ${named}`, `leave it out, or begin with deploy/${FILE_NAME}`);
  }
  const usual = [configFolder(env), SYSTEM_FOLDER].map((folder) => join(folder, FILE_NAME));
  return usual.map(readIfAny).find((found) => found !== null) ?? null;
}

function readIfAny(file: string): FoundFile | null {
  try {
    const bytes = readFileIfAny(file);
    return bytes === null ? null : { file, text: new TextDecoder().decode(bytes) };
  } catch (error) {
    const message = `${file} cannot be read: ${errorCode(error)}`;
    throw new Failure("noPermission", message, "see who may read it, and that it is a file");
  }
}
