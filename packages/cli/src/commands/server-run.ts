import { systemClock, systemRandom } from "@glowworm/platform";
import { loadCrypto, RETENTION_DAYS_DEFAULT } from "@glowworm/protocol";
import { Server } from "@glowworm/server";
import type { Command } from "../command.ts";
import { hostPort } from "../host-port.ts";
import { textOption } from "../options.ts";
import { assertNoWords } from "../positionals.ts";
import { retentionDaysOption } from "../retention.ts";
import { runUntilStopped } from "../run-until-stopped.ts";
import { serverFolder } from "../server-tools.ts";

const LISTEN_DEFAULT = "127.0.0.1:8787";

/** `glowworm server run`: keeps sealed reports and publishes them. */
export const serverRunCommand: Command = {
  name: "server run",
  summary: "keep sealed reports and publish them by hour of arrival",
  help: `usage: glowworm server run [OPTIONS]

Keeps reports that it cannot read, in one folder. It speaks plain HTTP: put a TLS proxy in front of it, on this machine,
that sets X-Forwarded-For to the address it was reached from (uploads are limited by network).

  --data DIR          where reports are kept (default: the state folder's "server")
  --listen HOST:PORT  where to listen (default ${LISTEN_DEFAULT}; IPv6 as [::1]:8787)
  --retention DAYS    days for which reports are kept (default ${RETENTION_DAYS_DEFAULT})

examples:
  glowworm server run
  glowworm server run --data /srv/glowworm --listen [::1]:8787 --retention 14`,
  options: {
    data: { type: "string" },
    listen: { type: "string" },
    retention: { type: "string" },
  },
  async run({ values, positionals, env, signal, say }) {
    assertNoWords(positionals, "server run");
    const retentionDays = retentionDaysOption(values);
    const server = new Server({
      clock: systemClock,
      random: systemRandom,
      crypto: await loadCrypto(),
      dataFolder: serverFolder(values, env),
      ...hostPort("listen", textOption(values, "listen") ?? LISTEN_DEFAULT, {
        portMin: 0,
        example: LISTEN_DEFAULT,
      }),
      retentionDays,
      say,
    });
    const { url } = await server.start();
    say(`server: listening on ${url}`);
    await runUntilStopped(server, () => server.stop(), signal);
    return "ok";
  },
};
