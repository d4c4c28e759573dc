import { Failure } from "@glowworm/platform";
import type { Command } from "../command.ts";
import { onlyWord } from "../positionals.ts";
import { SERVER_TOOL_OPTIONS } from "../server-tools.ts";
import { withInvites } from "./with-invites.ts";

/** `glowworm server uninvite`: takes an invite back. */
export const serverUninviteCommand: Command = {
  name: "server uninvite",
  summary: "take an invite back",
  help: `usage: glowworm server uninvite ID [--data DIR]

No more tokens are issued for the invite, from now on. Tokens that were issued today or yesterday are good until they end:
whose they are cannot be told. ID is the first word of its line in glowworm server invites.

  --data DIR     the server's data folder (default: that of the settings; a cluster needs none)
  --config FILE  settings, as for "server run": over a cluster, those of its servers`,
  options: SERVER_TOOL_OPTIONS,
  async run({ values, positionals, env, say }) {
    const id = onlyWord(positionals, "server uninvite", "ID");
    if (!(await withInvites(values, env, (invites) => invites.remove(id)))) {
      throw new Failure("notFound", `no invite has the id "${id}"`, "glowworm server invites");
    }
    say(`invite ${id} taken back: no more tokens are issued for it`);
    return "ok";
  },
};
