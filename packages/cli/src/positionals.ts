import { usage } from "./options.ts";

/** For a command that takes options only. @throws {Failure} usage */
export function assertNoWords(positionals: readonly string[], command: string): void {
  if (positionals.length === 0) return;
  throw usage(`unexpected "${positionals.join(" ")}"`, `glowworm ${command} --help`);
}

/** The one word a command takes; `called` is its name in the usage line. @throws {Failure} usage */
export function onlyWord(
  positionals: readonly string[],
  command: string,
  called: string = "NAME",
): string {
  const [word, ...rest] = positionals;
  if (word === undefined) throw usage(`${called} is missing`, `glowworm ${command} ${called}`);
  if (rest.length > 0) {
    const message = `expected one ${called}, got ${positionals.length} words`;
    throw usage(message, `glowworm ${command} ${called}`);
  }
  return word;
}
