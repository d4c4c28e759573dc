import { parseArgs } from "node:util";
import { EXIT, errorCode, Failure, fileFailure, messageOf } from "@glowworm/platform";
import type { Command, Invocation, OptionValues } from "./command.ts";
import { COMMANDS, isNamed } from "./commands.ts";
import { showHelp } from "./help.ts";
import { usage } from "./options.ts";

const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs one command and returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  process.stdout.on("error", endWithReader);
  const command = COMMANDS.find((candidate) => isNamed(candidate, args));
  if (command === undefined) return showHelp(args, { out, say });
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted);
    stop.abort();
  };
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
  try {
    return await runCommand(command, args.slice(command.name.split(" ").length), stop.signal);
  } catch (error) {
    return report(error);
  }
}

async function runCommand(
  command: Command,
  args: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    out(command.help);
    return EXIT.ok;
  }
  const { values, positionals } = parse(command, args);
  const invocation: Invocation = { values, positionals, env: process.env, signal, out, say };
  return EXIT[await command.run(invocation)];
}

function parse(
  command: Command,
  args: readonly string[],
): { values: OptionValues; positionals: readonly string[] } {
  try {
    return parseArgs({ args: [...args], options: command.options, allowPositionals: true });
  } catch (error) {
    throw usage(messageOf(error), `glowworm ${command.name} --help`, error);
  }
}

function report(error: unknown): number {
  const failure = error instanceof Failure ? error : fileFailure(error);
  if (failure !== null) {
    say(`glowworm: ${failure.message}`);
    say(`  ${failure.remedy}`);
    return EXIT[failure.exit];
  }
  say(
    `glowworm: unexpected error, please report it: ${error instanceof Error ? error.stack : error}`,
  );
  return EXIT.failure;
}

/** Whoever read the output, such as `head`, has enough: an end like any other. */
function endWithReader(error: unknown): void {
  if (errorCode(error) === "EPIPE") process.exit(EXIT.ok);
  throw error;
}

function out(line: string): void {
  process.stdout.write(`${line}\n`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
