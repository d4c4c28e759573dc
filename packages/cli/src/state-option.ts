import { join } from "node:path";
import { type Environment, stateFolder } from "@glowworm/platform";
import type { OptionValues } from "./command.ts";
import { textOption, usage } from "./options.ts";

/** The state folder of a role: that of `--state`, else the usual one. @throws {Failure} usage */
export function stateOption(
  values: OptionValues,
  env: Environment,
  role: "beacon" | "relay",
): string {
  const given = textOption(values, "state");
  if (given === "") throw usage('--state: expected a folder, got ""', "name one, or leave it out");
  return given ?? join(stateFolder(env), role);
}
