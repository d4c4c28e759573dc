import type { ParseArgsConfig } from "node:util";
import type { Environment, ExitName } from "@glowworm/platform";

/** One command of `glowworm`: what it is called, what it takes, what it does. */
export interface Command {
  /** Words that select it, such as `relay run`. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Help text: usage line, options with their defaults, examples. */
  readonly help: string;
  readonly options: NonNullable<ParseArgsConfig["options"]>;
  /** Does it; settles when everything it started has ended. @throws {Failure} */
  run(invocation: Invocation): Promise<ExitName>;
}

/** What a command is given. */
export interface Invocation {
  readonly values: OptionValues;
  readonly positionals: readonly string[];
  readonly env: Environment;
  /** Aborts on SIGINT, SIGTERM and SIGHUP. */
  readonly signal: AbortSignal;
  /** Data, to standard output. */
  out(line: string): void;
  /** Talk, to standard error. */
  say(line: string): void;
}

/** Values by option name, as `util.parseArgs` gives them. */
export interface OptionValues {
  readonly [name: string]: string | boolean | readonly (string | boolean)[] | undefined;
}
