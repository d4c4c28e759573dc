import { systemClock, systemRandom } from "@glowworm/platform";
import { dayOf, loadCrypto, secondsNow, TOKENS_PER_ISSUE } from "@glowworm/protocol";
import { makeInvite } from "@glowworm/server";
import type { Command, OptionValues } from "../command.ts";
import { isGiven, numberOption, textOption, usage } from "../options.ts";
import { assertNoWords } from "../positionals.ts";
import { SERVER_TOOL_OPTIONS } from "../server-tools.ts";
import { dateOf, withInvites } from "./with-invites.ts";

const TOKENS_DEFAULT = 640;
const TOKENS_MAX = 100_000;
const DAYS_MAX = 36_525;
const NAME_CHARACTERS_MAX = 100;

/** `glowworm server invite`: lets one more relay upload to an invite-only server. */
export const serverInviteCommand: Command = {
  name: "server invite",
  summary: "make an invite for a relay, for a server that is invite-only",
  help: `usage: glowworm server invite [OPTIONS]

Prints one invite, a secret. Hand it to the runner of a relay, who puts it into a file: glowworm relay run --invite-file
FILE. The server keeps only a hash of it, and cannot print it again. Which uploads come from which invite the server
cannot tell. Run this as the user whom the server runs as; over a cluster, with the settings of its servers, as a user
who may read cluster.password_file. The server need not be restarted.

  --data DIR          the server's data folder (default: that of the settings; a cluster needs none)
  --config FILE       settings, as for "server run"
  --name NOTE         what to remember it by; stays in the data folder, or in the cluster
  --tokens-per-day N  batches of up to 64 reports a day, for all relays that share it (default ${TOKENS_DEFAULT},
                        ${TOKENS_PER_ISSUE} to ${TOKENS_MAX}; enough for one busy relay)
  --days N            days for which it is good, today included (default: until it is taken back)
  --json              print JSON

examples:
  glowworm server invite --name "Anna, roof"
  glowworm server invite --data /srv/glowworm --days 30`,
  options: {
    ...SERVER_TOOL_OPTIONS,
    name: { type: "string" },
    "tokens-per-day": { type: "string" },
    days: { type: "string" },
    json: { type: "boolean" },
  },
  async run({ values, positionals, env, out, say }) {
    assertNoWords(positionals, "server invite");
    const order = {
      name: nameOf(values),
      tokensPerDay: wholeOption(values, "tokens-per-day", {
        min: TOKENS_PER_ISSUE,
        max: TOKENS_MAX,
        otherwise: TOKENS_DEFAULT,
      }),
      days:
        textOption(values, "days") === undefined
          ? null
          : wholeOption(values, "days", { min: 1, max: DAYS_MAX, otherwise: 30 }),
      today: dayOf(secondsNow(systemClock)),
    };
    const crypto = await loadCrypto();
    const { id, text, lastDay } = await withInvites(values, env, (invites) =>
      makeInvite({ crypto, random: systemRandom, invites }, order),
    );
    const { name, tokensPerDay } = order;
    const lastDate = dateOf(lastDay);
    if (isGiven(values, "json")) {
      out(JSON.stringify({ v: 1, id, invite: text, name, tokensPerDay, lastDate }));
      return "ok";
    }
    out(text);
    say(`invite ${id}: shown this once. To take it back: glowworm server uninvite ${id}`);
    return "ok";
  },
};

function nameOf(values: OptionValues): string {
  const name = textOption(values, "name") ?? "";
  const isPlain = name.length <= NAME_CHARACTERS_MAX && !/\p{Cc}/u.test(name);
  if (isPlain) return name;
  throw usage(
    `--name: expected up to ${NAME_CHARACTERS_MAX} characters on one line`,
    'for example --name "Anna, roof"',
  );
}

function wholeOption(
  values: OptionValues,
  name: string,
  limits: { readonly min: number; readonly max: number; readonly otherwise: number },
): number {
  const value = numberOption(values, name, limits);
  if (Number.isInteger(value)) return value;
  throw usage(`--${name}: expected a whole number`, `for example --${name} ${limits.otherwise}`);
}
