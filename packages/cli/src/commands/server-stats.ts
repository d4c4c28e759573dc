import { type StoreStats, storeStats } from "@glowworm/server";
import type { Command } from "../command.ts";
import { isGiven } from "../options.ts";
import { assertNoWords } from "../positionals.ts";
import { runTool, SERVER_TOOL_OPTIONS, serverSettings } from "../server-tools.ts";

/** `glowworm server stats`: how much there is. */
export const serverStatsCommand: Command = {
  name: "server stats",
  summary: "say how much a server keeps",
  help: `usage: glowworm server stats [OPTIONS]

Counts what a server keeps, which may run. Records count the padding, which nobody can tell from reports.

  --data DIR     the server's folder (default: that of the settings)
  --config FILE  settings, as for "server run"
  --json         one JSON object

  glowworm server stats --data /srv/glowworm`,
  options: { ...SERVER_TOOL_OPTIONS, json: { type: "boolean" } },
  async run(invocation) {
    const { values, positionals, env, out } = invocation;
    assertNoWords(positionals, "server stats");
    return await runTool(invocation, async (world) => {
      const stats = storeStats(world, serverSettings(values, env).data);
      if (isGiven(values, "json")) out(JSON.stringify({ v: 1, ...stats }));
      else for (const line of linesOf(stats)) out(line);
      return "ok";
    });
  },
};

function linesOf(stats: StoreStats): readonly string[] {
  const { bytesPerRecord, oldest, newest } = stats;
  return [
    `closed hours     ${stats.hours}${oldest === null ? "" : `, ${oldest} to ${newest}`}`,
    `records          ${stats.records}`,
    `bytes            ${stats.bytes}`,
    `bytes a record   ${bytesPerRecord === null ? "-" : bytesPerRecord.toFixed(1)}`,
    `open hours       ${stats.openHours}, ${stats.openRecords} records, ${stats.openBytes} bytes`,
    `damaged files    ${stats.damagedFiles}`,
  ];
}
