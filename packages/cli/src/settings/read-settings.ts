import type { Environment } from "@glowworm/platform";
import type { OptionValues } from "../command.ts";
import { usage } from "../options.ts";
import { environmentLayer, fileLayer, flagLayer, type Mistake } from "./layers.ts";
import type { Setting, Settings } from "./setting.ts";
import { findSettingsFile } from "./settings-file.ts";
import { tildeMistakes } from "./tilde.ts";

/** Where a value comes from that nobody chose. */
export const DEFAULT_ORIGIN = "default";

/** A setting that counts, as it was written, and where. */
interface Effective {
  readonly key: string;
  /** Null: nobody chose, and there is no default. */
  readonly value: unknown;
  /** A file, a variable, a flag, or `default`. */
  readonly origin: string;
  /** Where it was written, as messages name it; the key for a default. */
  readonly place: string;
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
  const found = findSettingsFile(values, env);
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
      origin: DEFAULT_ORIGIN,
      place: key,
    };
    const parsed = value === null ? null : setting.schema.safeParse(value);
    if (parsed !== null && !parsed.success) mistakes.push(wrongValue(place, value, setting));
    else if (setting.kind === "path") mistakes.push(...tildeMistakes(place, value));
    checked[key] = parsed?.data ?? null;
    return { key, value, origin, place };
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
