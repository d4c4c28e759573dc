import type { Command } from "../command.ts";
import { flagOf, type Setting, type Settings } from "./setting.ts";

const COLUMN = 24;

/** The flags of settings, for the words of a command; `--config` names the file. */
export function settingFlags<T>(settings: Settings<T>): Command["options"] {
  const names = ["config", ...Object.keys(settings).map(flagOf)];
  return Object.fromEntries(names.map((name) => [name, { type: "string" }]));
}

/** Their lines in a help text. */
export function settingHelp<T>(settings: Settings<T>): string {
  const lines = Object.entries<Setting<unknown>>(settings).map(([key, setting]) => {
    return helpLine(`--${flagOf(key)} ${setting.placeholder}`, setting.help);
  });
  const file =
    "settings file (default: ~/.config/glowworm/server.toml or /etc/glowworm/server.toml)";
  return [helpLine("--config FILE", file), ...lines].join("\n");
}

function helpLine(words: string, help: string): string {
  return `  ${words.padEnd(COLUMN)} ${help}`;
}
