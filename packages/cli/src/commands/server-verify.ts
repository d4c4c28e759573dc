import { verifyStore } from "@glowworm/server";
import type { Command } from "../command.ts";
import { isGiven } from "../options.ts";
import { assertNoWords } from "../positionals.ts";
import { concludeDamage, runTool, SERVER_TOOL_OPTIONS, serverSettings } from "../server-tools.ts";

/** `glowworm server verify`: reads every byte. */
export const serverVerifyCommand: Command = {
  name: "server verify",
  summary: "check every byte of a server's reports",
  help: `usage: glowworm server verify [OPTIONS]

Reads everything a server, or a backup, keeps and compares it with its hashes; the server may run. Changes nothing: a
server sets a damaged hour aside by itself when it comes across it.

  --data DIR     the folder (default: that of the settings)
  --config FILE  settings, as for "server run"
  --json         one JSON object

Exit codes: 0 everything is sound, 1 something is damaged and named, 130 interrupted.

  glowworm server verify --data /srv/glowworm`,
  options: { ...SERVER_TOOL_OPTIONS, json: { type: "boolean" } },
  async run(invocation) {
    const { values, positionals, env, out, say } = invocation;
    assertNoWords(positionals, "server verify");
    return await runTool(invocation, async (world) => {
      const found = await verifyStore(world, serverSettings(values, env).data);
      const { hours, openHours, records, damaged } = found;
      if (isGiven(values, "json")) out(JSON.stringify({ v: 1, ...found }));
      else out(`${records} records are sound, in ${hours} closed hours and ${openHours} open ones`);
      return concludeDamage(damaged, say);
    });
  },
};
