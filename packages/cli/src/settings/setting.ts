import type { Environment } from "@glowworm/platform";
import type { z } from "zod";

/** A value as TOML, JSON and the shell know it. */
export type SettingValue = string | number | readonly string[];

/** One thing that an operator can choose. Its key names it everywhere: in the file, the environment and the flags. */
export interface Setting<T> {
  /** What a value must be, and what it means to the program. */
  readonly schema: z.ZodType<T>;
  /** How the text of a flag or a variable becomes a value: a list has commas between its parts, a path is no shell's word. */
  readonly kind: "text" | "path" | "number" | "list";
  /** The value when nobody chose; null leaves the thing switched off or unsaid. */
  readonly otherwise: (env: Environment) => SettingValue | null;
  /** Stands for the value in help texts. */
  readonly placeholder: string;
  /** What a value must be, for a person whose value is not. */
  readonly expected: string;
  readonly example: SettingValue;
  readonly help: string;
}

/** Every setting of a program by its key, such as `log.level`. */
export type Settings<T> = { readonly [Key in keyof T & string]: Setting<NonNullable<T[Key]>> };

/** Name of the variable that sets a key: `log.level` is `GLOWWORM_LOG_LEVEL`. */
export function variableOf(key: string): string {
  return `GLOWWORM_${key.replaceAll(".", "_").toUpperCase()}`;
}

/** Name of the flag that sets a key, without dashes: `log.level` is `log-level`. */
export function flagOf(key: string): string {
  return key.replaceAll(/[._]/g, "-");
}
