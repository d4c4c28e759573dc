import { usage } from "./options.ts";

/** The one NAME a command takes. @throws {Failure} usage */
export function onlyName(positionals: readonly string[], command: string): string {
  const [name, ...rest] = positionals;
  if (name === undefined) throw usage("NAME is missing", `glowworm ${command} NAME`);
  if (rest.length > 0) {
    throw usage(`expected one NAME, got ${positionals.length} words`, `glowworm ${command} NAME`);
  }
  return name;
}
