import { isIP } from "node:net";
import { join } from "node:path";
import { runSteps, stateFolder, systemClock, systemRandom } from "@glowworm/platform";
import { loadCrypto, RETENTION_DAYS_DEFAULT } from "@glowworm/protocol";
import { Server } from "@glowworm/server";
import type { Command } from "../command.ts";
import { isGiven, numberOption, textOption, usage } from "../options.ts";

const LISTEN_DEFAULT = "127.0.0.1:8787";
const ADDRESS = /^(?:\[(?<v6>[^\]]+)\]|(?<name>[^:[\]]+)):(?<port>[0-9]{1,5})$/;
const PORT_MAX = 65_535;
/** A hundred years: more is a typing error. */
const RETENTION_DAYS_MAX = 36_525;

/** `glowworm server run`: keeps sealed reports and publishes them. */
export const serverRunCommand: Command = {
  name: "server run",
  summary: "keep sealed reports and publish them by hour of arrival",
  help: `usage: glowworm server run [OPTIONS]

Keeps reports that it cannot read, in one folder. Put TLS in front of it: it speaks plain HTTP.
Behind a proxy give --proxied, or all relays count as one network and a flood from one shuts out all.

  --data DIR          where reports are kept (default: the state folder's "server")
  --listen HOST:PORT  where to listen (default ${LISTEN_DEFAULT}; IPv6 as [::1]:8787)
  --proxied           every request comes through a proxy that sets X-Forwarded-For; nobody else can reach this port
  --retention DAYS    days for which reports are kept (default ${RETENTION_DAYS_DEFAULT})

examples:
  glowworm server run
  glowworm server run --data /srv/glowworm --listen [::1]:8787 --retention 14`,
  options: {
    data: { type: "string" },
    listen: { type: "string" },
    proxied: { type: "boolean" },
    retention: { type: "string" },
  },
  async run({ values, env, signal, say }) {
    const retentionDays = numberOption(values, "retention", {
      min: 1,
      max: RETENTION_DAYS_MAX,
      otherwise: RETENTION_DAYS_DEFAULT,
    });
    if (!Number.isInteger(retentionDays)) {
      throw usage(
        "--retention: expected whole days",
        `for example --retention ${RETENTION_DAYS_DEFAULT}`,
      );
    }
    const server = new Server({
      clock: systemClock,
      random: systemRandom,
      crypto: await loadCrypto(),
      dataFolder: textOption(values, "data") ?? join(stateFolder(env), "server"),
      ...parseListen(textOption(values, "listen") ?? LISTEN_DEFAULT),
      retentionDays,
      isProxied: isGiven(values, "proxied"),
      say,
    });
    const { url } = await server.start();
    say(`server: listening on ${url}`);
    try {
      await runSteps(server, systemClock, signal);
    } finally {
      await server.stop();
    }
    return "ok";
  },
};

function parseListen(text: string): { readonly host: string; readonly port: number } {
  const { v6, name, port } = ADDRESS.exec(text)?.groups ?? {};
  const host = v6 ?? name;
  const isSound =
    host !== undefined && Number(port) <= PORT_MAX && (v6 === undefined || isIP(v6) === 6);
  if (isSound) return { host, port: Number(port) };
  throw usage(
    `--listen: expected HOST:PORT, got "${text}"`,
    `for example --listen ${LISTEN_DEFAULT}`,
  );
}
