import { usage } from "./options.ts";

/** For a command that takes options only. @throws {Failure} usage */
export function assertNoWords(positionals: readonly string[], command: string): void {
  if (positionals.length === 0) return;
  throw usage(`unexpected "${positionals.join(" ")}"`, `glowworm ${command} --help`);
}

/** The one NAME a command takes. @throws {Failure} usage */
export function onlyName(positionals: readonly string[], command: string): string {
  const [name, ...rest] = positionals;
  if (name === undefined) throw usage("NAME is missing", `glowworm ${command} NAME`);
  if (rest.length > 0) {
    throw usage(`expected one NAME, got ${positionals.length} words`, `glowworm ${command} NAME`);
  }
  return name;
}
