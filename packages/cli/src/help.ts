import { EXIT } from "@glowworm/platform";
import type { Command, Invocation } from "./command.ts";
import { COMMANDS, isNamed } from "./commands.ts";

const HELP_FLAGS: readonly string[] = ["--help", "-h"];

/**
 * Answers words that are no command: lists all commands, or those of a group such as `server`, or after `help` what one
 * of them takes. Help that was asked for is data; otherwise it is talk.
 * @returns the exit code.
 */
export function showHelp(
  args: readonly string[],
  { out, say }: Pick<Invocation, "out" | "say">,
): number {
  const isFlag = (word: string): boolean => HELP_FLAGS.includes(word);
  const isAsked = args[0] === "help" || args.some(isFlag);
  const words = (args[0] === "help" ? args.slice(1) : args).filter((word) => !isFlag(word));
  const named = COMMANDS.find((command) => isNamed(command, words));
  if (isAsked && named !== undefined) {
    out(named.help);
    return EXIT.ok;
  }
  const [group, ...more] = words;
  const inGroup = COMMANDS.filter(({ name }) => name.startsWith(`${group} `));
  const isKnown = group === undefined || (inGroup.length > 0 && more.length === 0);
  if (!isKnown) say(`glowworm: no command "${words.join(" ")}"`);
  const print = isAsked && isKnown ? out : say;
  for (const line of listOf(inGroup.length > 0 ? inGroup : COMMANDS, group)) print(line);
  return isAsked && isKnown ? EXIT.ok : EXIT.usage;
}

function listOf(commands: readonly Command[], group: string | undefined): readonly string[] {
  const first = commands.length < COMMANDS.length ? `${group} COMMAND` : "COMMAND";
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    `usage: glowworm ${first} [OPTIONS]\n`,
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)} ${summary}`),
    `\nglowworm ${first} --help says more.`,
  ];
}
