import type { Environment } from "@glowworm/platform";
import type { OptionValues } from "../command.ts";
import { textOption, usage } from "../options.ts";
import { flagOf, type Setting } from "./setting.ts";

/** The value of a setting for a command that has its flag, and no file. @throws {Failure} usage */
export function flagValue<T>(
  key: string,
  setting: Setting<T>,
  values: OptionValues,
  env: Environment,
): T {
  const flag = `--${flagOf(key)}`;
  const written = textOption(values, flagOf(key));
  const parsed = setting.schema.safeParse(written ?? setting.otherwise(env));
  if (parsed.success) return parsed.data;
  throw usage(
    `${flag}: expected ${setting.expected}, got "${written}"`,
    `for example ${flag} "${setting.example}"`,
  );
}
