import type { Environment } from "@glowworm/platform";
import type { OptionValues } from "../command.ts";
import { nearest } from "./nearest.ts";
import { flagOf, type Setting, type SettingValue, variableOf } from "./setting.ts";
import { parseToml } from "./toml.ts";

/** Where a value was written, as messages name it: `FILE: retention`, `GLOWWORM_RETENTION` or `--retention`. */
interface Written {
  readonly key: string;
  readonly value: unknown;
  readonly origin: string;
  readonly place: string;
}

/** Something that a person has to change. */
export interface Mistake {
  readonly place: string;
  readonly message: string;
  readonly remedy: string;
}

/** What one place says. */
export interface Layer {
  readonly written: readonly Written[];
  readonly mistakes: readonly Mistake[];
}

/** Kinds of values by key: all that reading needs to know of settings. */
type Kinds = Readonly<Record<string, Pick<Setting<unknown>, "kind" | "example">>>;

/** A file's values; a key of a table is joined to the table's name with a dot. */
export function fileLayer(kinds: Kinds, file: string, text: string): Layer {
  const result = parseToml(text);
  if ("reason" in result) {
    const place = `${file}:${result.line}`;
    const remedy = "mend that line; TOML is explained at https://toml.io";
    return { written: [], mistakes: [{ place, message: result.reason, remedy }] };
  }
  const entries = flattened(result.table, Object.keys(kinds), "");
  return {
    written: entries
      .filter(([key]) => Object.hasOwn(kinds, key))
      .map(([key, value]) => ({ key, value, origin: file, place: `${file}: ${key}` })),
    mistakes: entries
      .filter(([key]) => !Object.hasOwn(kinds, key))
      .map(([key]) => unknownInFile(kinds, file, key)),
  };
}

/**
 * The environment's values. Unknown `GLOWWORM_` names belong to other commands, or to what Kubernetes adds for a service
 * of that name; only one that is a slip of the keyboard away from a setting is a mistake.
 */
export function environmentLayer(kinds: Kinds, env: Environment): Layer {
  const keyOf = new Map(Object.keys(kinds).map((key) => [variableOf(key), key]));
  const given = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && entry[0].startsWith("GLOWWORM_"),
  );
  return {
    written: given.flatMap(([name, text]) => {
      const key = keyOf.get(name);
      if (key === undefined) return [];
      return [{ key, value: typedValue(text, kinds[key]?.kind), origin: name, place: name }];
    }),
    mistakes: given
      .filter(([name]) => !keyOf.has(name) && nearest(name, [...keyOf.keys()]) !== null)
      .map(([name]) => unknown(name, name, [...keyOf.keys()])),
  };
}

/** What the flags say; unknown ones were refused when the words were read. */
export function flagLayer(kinds: Kinds, values: OptionValues): Layer {
  const written = Object.entries(kinds).flatMap(([key, { kind }]) => {
    const text = values[flagOf(key)];
    if (typeof text !== "string") return [];
    const flag = `--${flagOf(key)}`;
    return [{ key, value: typedValue(text, kind), origin: flag, place: flag }];
  });
  return { written, mistakes: [] };
}

/** Leaves as they are: a table where a value belongs stays, so that the message can name it. */
function flattened(
  table: Readonly<Record<string, unknown>>,
  keys: readonly string[],
  prefix: string,
): readonly (readonly [string, unknown])[] {
  return Object.entries(table).flatMap(([name, value]) => {
    const key = prefix + name;
    const isTable = typeof value === "object" && value !== null && !Array.isArray(value);
    if (!isTable || !keys.some((known) => known.startsWith(`${key}.`))) return [[key, value]];
    return flattened(value as Readonly<Record<string, unknown>>, keys, `${key}.`);
  });
}

function typedValue(text: string, kind: Setting<unknown>["kind"] | undefined): SettingValue {
  if (kind === "list") return text === "" ? [] : text.split(",").map((part) => part.trim());
  // What is no number stays text, and the schema refuses it as it was written.
  if (kind === "number" && /^-?[0-9]+(?:\.[0-9]+)?$/.test(text)) return Number(text);
  return text;
}

function unknownInFile(kinds: Kinds, file: string, key: string): Mistake {
  const place = `${file}: ${key}`;
  const inside = Object.keys(kinds).find((known) => known.startsWith(`${key}.`));
  if (inside === undefined) return unknown(place, key, Object.keys(kinds));
  const remedy = `for example ${inside} = ${JSON.stringify(kinds[inside]?.example)}`;
  return { place, message: "is a table of settings, not a setting", remedy };
}

function unknown(place: string, name: string, known: readonly string[]): Mistake {
  const near = nearest(name, known);
  const remedy =
    near === null
      ? "leave it out; known: glowworm config check"
      : `did you mean ${near}? Otherwise leave it out`;
  return { place, message: "unknown setting", remedy };
}
