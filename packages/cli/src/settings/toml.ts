import { parse, TomlError } from "smol-toml";

/** A TOML document, or the line and the reason for which it is none. */
export type TomlResult =
  | { readonly table: Readonly<Record<string, unknown>> }
  | { readonly line: number; readonly reason: string };

/** Reads TOML 1.0. */
export function parseToml(text: string): TomlResult {
  try {
    return { table: parse(text) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = ""] = error.message.split("\n");
    return { line: error.line, reason: reason.replace("Invalid TOML document: ", "") };
  }
}
