import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { giveToOwnerOf } from "@glowworm/platform";
import { restoreStore } from "@glowworm/server";
import type { Command } from "../command.ts";
import { textOption, usage } from "../options.ts";
import { assertNoWords } from "../positionals.ts";
import { concludeDamage, runTool, SERVER_TOOL_OPTIONS, serverSettings } from "../server-tools.ts";

/** `glowworm server restore`: makes a server's folder of a backup. */
export const serverRestoreCommand: Command = {
  name: "server restore",
  summary: "make a server's folder of a backup",
  help: `usage: glowworm server restore --from DIR [OPTIONS]

Copies a backup into a new folder and checks every byte. What the server published after the backup is lost, and readers may
notice: an hour that was open then is closed with other bytes.

  --from DIR     a folder that "server backup" made
  --data DIR     where to: empty, or not there yet (default: that of the settings)
  --config FILE  settings, as for "server run"

Exit codes: 0 everything is restored, 1 something was damaged and left out, 2 the folder is not empty, 130 interrupted.

  glowworm server restore --from /mnt/backup/glowworm --data /srv/glowworm`,
  options: { ...SERVER_TOOL_OPTIONS, from: { type: "string" } },
  async run(invocation) {
    const { values, positionals, env, say } = invocation;
    assertNoWords(positionals, "server restore");
    const from = textOption(values, "from");
    if (from === undefined) throw usage("--from is missing", "glowworm server restore --from DIR");
    return await runTool(invocation, async (world) => {
      const { data } = serverSettings(values, env);
      const model = existsSync(data) ? data : dirname(data);
      const done = await restoreStore(world, { from, data });
      giveWhole(data, model);
      say(`server: ${done.hours} closed hours and ${done.openHours} open ones restored`);
      return concludeDamage(done.damaged, say);
    });
  },
};

/** What root restores must not lock out the user of the server, who has the folder, or the one that it was made in. */
function giveWhole(data: string, model: string): void {
  const names = readdirSync(data, { recursive: true, encoding: "utf8" });
  for (const path of [data, ...names.map((name) => join(data, name))]) giveToOwnerOf(model, path);
}
