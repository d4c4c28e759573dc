import type { Command } from "../command.ts";
import { isGiven } from "../options.ts";
import { assertNoWords } from "../positionals.ts";
import { readServerSettings } from "../settings/read-server-settings.ts";
import { type ReadSettings, requireSettings } from "../settings/read-settings.ts";
import { SERVER_SETTINGS } from "../settings/server-settings.ts";
import { settingFlags, settingHelp } from "../settings/setting-flags.ts";

/** `glowworm config check`: says what a server would run with, and why. */
export const configCheckCommand: Command = {
  name: "config check",
  summary: "show the settings a server would run with, and every mistake in them",
  help: `usage: glowworm config check [--json] [OPTIONS]

Reads settings as "server run" would, with the same options, and shows each with where it comes from: a flag, the
environment, the file, or the default. Nothing is started or changed. Exits with 2 when there is a mistake, after naming all
of them.

  --json                   one JSON object
${settingHelp(SERVER_SETTINGS)}

examples:
  glowworm config check
  glowworm config check --config /etc/glowworm/server.toml`,
  options: { ...settingFlags(SERVER_SETTINGS), json: { type: "boolean" } },
  async run({ values, positionals, env, out, say }) {
    assertNoWords(positionals, "config check");
    const read = readServerSettings(values, env);
    if (isGiven(values, "json")) {
      const { file, effective, mistakes } = read;
      const settings = effective.map(({ key, value, origin }) => ({ key, value, origin }));
      out(JSON.stringify({ v: 1, file, settings, mistakes }));
      return mistakes.length === 0 ? "ok" : "usage";
    }
    requireSettings(read);
    say(`settings file: ${read.file ?? "none"}`);
    for (const line of tableOf(read)) out(line);
    return "ok";
  },
};

function tableOf({ effective }: ReadSettings<unknown>): readonly string[] {
  const rows = effective.map(({ key, value, origin }) => {
    return { key, shown: value === null ? "-" : JSON.stringify(value), origin };
  });
  const keyWidth = Math.max(...rows.map(({ key }) => key.length));
  const valueWidth = Math.max(...rows.map(({ shown }) => shown.length));
  return rows.map(({ key, shown, origin }) => {
    return `${key.padEnd(keyWidth)}  ${shown.padEnd(valueWidth)}  ${origin}`;
  });
}
