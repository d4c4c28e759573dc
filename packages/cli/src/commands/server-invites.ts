import type { Invite } from "@glowworm/server";
import type { Command } from "../command.ts";
import { isGiven } from "../options.ts";
import { assertNoWords } from "../positionals.ts";
import { SERVER_TOOL_OPTIONS } from "../server-tools.ts";
import { dateOf, withInvites } from "./with-invites.ts";

/** `glowworm server invites`: who may upload. */
export const serverInvitesCommand: Command = {
  name: "server invites",
  summary: "list the invites of a server",
  help: `usage: glowworm server invites [--data DIR] [--json]

Lists the invites: id, when it was made, the last day on which tokens were issued for it, tokens a day, last day on which
it is good, name. Nothing is known of what was uploaded with it.

  --data DIR     the server's data folder (default: that of the settings; a cluster needs none)
  --config FILE  settings, as for "server run": over a cluster, those of its servers
  --json         print JSON`,
  options: { ...SERVER_TOOL_OPTIONS, json: { type: "boolean" } },
  async run({ values, positionals, env, out, say }) {
    assertNoWords(positionals, "server invites");
    const invites = await withInvites(values, env, (known) => known.list());
    if (isGiven(values, "json")) {
      out(JSON.stringify({ v: 1, invites: invites.map(dated) }));
      return "ok";
    }
    if (invites.length === 0) say("no invites: glowworm server invite makes one");
    for (const invite of invites) out(lineOf(invite));
    return "ok";
  },
};

function dated({ id, name, tokensPerDay, madeDay, lastDay, issueDay }: Invite): object {
  return {
    ...{ id, name, tokensPerDay },
    madeDate: dateOf(madeDay),
    issueDate: dateOf(issueDay),
    lastDate: dateOf(lastDay),
  };
}

function lineOf({ id, name, tokensPerDay, madeDay, lastDay, issueDay }: Invite): string {
  const issued = (dateOf(issueDay) ?? "never").padEnd(10);
  const ends = (dateOf(lastDay) ?? "-").padEnd(10);
  return `${id}  made ${dateOf(madeDay)}  issued ${issued}  ${tokensPerDay}/day  until ${ends}  ${name}`;
}
