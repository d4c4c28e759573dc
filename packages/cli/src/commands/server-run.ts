import { Failure, systemClock, systemRandom, watchLoopDelay } from "@glowworm/platform";
import { loadCrypto } from "@glowworm/protocol";
import { Metrics, Server, type ServerOptions } from "@glowworm/server";
import { buildDigest } from "../build-digest.ts";
import type { Command } from "../command.ts";
import { serverLog } from "../logs/server-log.ts";
import { assertNoWords } from "../positionals.ts";
import { runUntilStopped } from "../run-until-stopped.ts";
import { clusterFrom } from "../settings/cluster-settings.ts";
import { limitsFrom } from "../settings/limit-settings.ts";
import { readServerSettings } from "../settings/read-server-settings.ts";
import { requireSettings } from "../settings/read-settings.ts";
import { SERVER_SETTINGS, type ServerSettings } from "../settings/server-settings.ts";
import { settingFlags, settingHelp } from "../settings/setting-flags.ts";
import { withinGrace } from "../within-grace.ts";

/** A service manager kills after ten seconds. What is in flight has eight of them, what hangs then has a bit more. */
const STOP_MS = 9500;

/** `glowworm server run`: keeps sealed reports and publishes them. */
export const serverRunCommand: Command = {
  name: "server run",
  summary: "keep sealed reports and publish them by hour of arrival",
  help: `usage: glowworm server run [OPTIONS]

Keeps reports that it cannot read, in one folder. It speaks plain HTTP: put a TLS proxy in front of it, on this machine,
that sets X-Forwarded-For to the address it was reached from (uploads are limited by network).

${settingHelp(SERVER_SETTINGS)}

Each can stand in the settings file and in the environment as well: --log-level, GLOWWORM_LOG_LEVEL, level in [log]. Flags
win over the environment, and that over the file. "glowworm config check" shows what counts.

examples:
  glowworm server run
  glowworm server run --data /srv/glowworm --listen [::1]:8787 --retention 14
  glowworm server run --config /etc/glowworm/server.toml`,
  options: settingFlags(SERVER_SETTINGS),
  async run({ values, positionals, env, signal, say }) {
    assertNoWords(positionals, "server run");
    const settings = requireSettings(readServerSettings(values, env));
    const server = new Server({
      clock: systemClock,
      random: systemRandom,
      crypto: await loadCrypto(),
      loopDelayMs: watchLoopDelay(systemClock),
      log: serverLog("server", settings["log.format"], settings["log.level"], say),
      ...optionsFrom(settings),
    });
    const running = server.start().then(() => runUntilStopped(server, () => server.stop(), signal));
    const inTime = await withinGrace(running, signal, { clock: systemClock, graceMs: STOP_MS });
    if (inTime) return "ok";
    throw new Failure(
      "failure",
      "the store did not let go in time, and was left: nothing that was acknowledged is lost",
      "see whether the disk, or the nodes of the cluster, answer",
    );
  },
};

type Chosen = Omit<ServerOptions, "clock" | "random" | "crypto" | "log">;

function optionsFrom(settings: ServerSettings): Chosen {
  const metrics = settings["metrics.listen"];
  return {
    dataFolder: settings.data,
    ...settings.listen,
    retentionDays: settings.retention,
    minFreeBytes: settings.min_free,
    admission: settings.admission,
    trustedProxies: settings.trusted_proxies,
    limits: limitsFrom(settings),
    ...clusterFrom(settings),
    words: {
      build: buildDigest(),
      policy: settings["about.policy"],
      contact: settings["about.contact"],
    },
    ...(metrics === null ? {} : { metrics: { ...metrics, of: processMetrics() } }),
  };
}

function processMetrics(): Metrics {
  const metrics = new Metrics();
  metrics.watchProcess();
  return metrics;
}
