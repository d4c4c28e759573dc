import { backupStore } from "@glowworm/server";
import type { Command } from "../command.ts";
import { textOption, usage } from "../options.ts";
import { assertNoWords } from "../positionals.ts";
import { concludeDamage, runTool, SERVER_TOOL_OPTIONS, serverSettings } from "../server-tools.ts";

/** `glowworm server backup`: copies a server's folder. */
export const serverBackupCommand: Command = {
  name: "server backup",
  summary: "copy a server's reports while it runs",
  help: `usage: glowworm server backup --to DIR [OPTIONS]

Copies what a server keeps, invites and token secret included, into a folder of the same layout, whether the server runs or
not. Closed hours never change: only new ones are copied. What is copied is checked, and on disk when the command ends; cut off, it goes on the next time.

  --data DIR        the server's folder (default: that of the settings)
  --config FILE     settings, as for "server run"
  --to DIR          where to
  --retention DAYS  days for which the backup keeps reports (default: that of the settings)

Exit codes: 0 everything is copied, 1 something was damaged and left out, 130 interrupted.

  glowworm server backup --data /srv/glowworm --to /mnt/backup/glowworm`,
  options: {
    ...SERVER_TOOL_OPTIONS,
    to: { type: "string" },
    retention: { type: "string" },
  },
  async run(invocation) {
    const { values, positionals, env, say } = invocation;
    assertNoWords(positionals, "server backup");
    const to = textOption(values, "to");
    if (to === undefined) throw usage("--to is missing", "glowworm server backup --to DIR");
    return await runTool(invocation, async (world) => {
      const { data, retention: retentionDays } = serverSettings(values, env);
      const done = await backupStore(world, { data, to, retentionDays });
      say(`server: ${done.copied} hours copied, ${done.kept} there before, ${done.openHours} open`);
      return concludeDamage(done.damaged, say);
    });
  },
};
