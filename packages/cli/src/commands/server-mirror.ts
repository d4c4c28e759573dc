import { join } from "node:path";
import { serverUrlFrom } from "@glowworm/owner";
import { freeBytesOf, stateFolder, systemClock, systemRandom } from "@glowworm/platform";
import { loadCrypto } from "@glowworm/protocol";
import { Mirror } from "@glowworm/server";
import type { Command } from "../command.ts";
import { hostPort } from "../host-port.ts";
import { serverLog } from "../logs/server-log.ts";
import { textOption, usage } from "../options.ts";
import { runUntilStopped } from "../run-until-stopped.ts";
import { flagValue } from "../settings/flag-value.ts";
import { SERVER_SETTINGS } from "../settings/server-settings.ts";

const LISTEN_DEFAULT = "127.0.0.1:8788";
const EXAMPLE = "glowworm server mirror https://glow.example";

/** `glowworm server mirror`: copies the closed hours of a server and serves them. */
export const serverMirrorCommand: Command = {
  name: "server mirror",
  summary: "copy the closed hours of a server, check them, and serve them",
  help: `usage: glowworm server mirror URL [OPTIONS]

Copies what the server at URL has published of hours that are closed, newest first, and looks for more every five
minutes. Every byte is checked against what the server lists, and again before it is served. Owners who read a mirror
are not seen by the server, and a server that shows different hours to different people is caught by it: of an hour
that changes the first copy is kept and served, and that is said here. A line is said for each hour that is copied.

Copies are kept as long as the server lists them or younger ones. The folder is of this one server.

  --data DIR          where copies are kept (default: the state folder's "mirror")
  --listen HOST:PORT  where to listen (default ${LISTEN_DEFAULT}; IPv6 as [::1]:8788)
  --min-free SIZE     what stays free of the disk: below, nothing is copied (default 256 MiB)
  --log-format FORMAT text for people, json for programs (default text)
  --log-level LEVEL   error, warn or info (default info)

examples:
  ${EXAMPLE}
  ${EXAMPLE} --data /srv/mirror --listen [::1]:8788`,
  options: {
    data: { type: "string" },
    listen: { type: "string" },
    "min-free": { type: "string" },
    "log-format": { type: "string" },
    "log-level": { type: "string" },
  },
  async run({ values, positionals, env, signal, say }) {
    const [url, ...more] = positionals;
    if (url === undefined || more.length > 0) {
      throw usage("server mirror: expected the address of one server", EXAMPLE);
    }
    const setting = <Key extends "min_free" | "log.format" | "log.level">(key: Key) =>
      flagValue(key, SERVER_SETTINGS[key], values, env);
    const mirror = new Mirror({
      crypto: await loadCrypto(),
      clock: systemClock,
      random: systemRandom,
      fetch,
      source: serverUrlFrom(url, "URL"),
      dataFolder: textOption(values, "data") ?? join(stateFolder(env), "mirror"),
      ...hostPort("listen", textOption(values, "listen") ?? LISTEN_DEFAULT, {
        portMin: 0,
        example: LISTEN_DEFAULT,
      }),
      freeBytes: freeBytesOf,
      minFreeBytes: setting("min_free"),
      signal,
      log: serverLog("mirror", setting("log.format"), setting("log.level"), say),
    });
    await mirror.start();
    await runUntilStopped(mirror, () => mirror.stop(), signal);
    return "ok";
  },
};
