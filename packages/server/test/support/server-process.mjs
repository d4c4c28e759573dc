// A server in a process of its own, whose memory can be measured. Its options are the first argument, as JSON.
import { systemClock, systemRandom, watchLoopDelay } from "@glowworm/platform";
import { loadCrypto } from "@glowworm/protocol";
import { Server } from "@glowworm/server";

const server = new Server({
  clock: systemClock,
  random: systemRandom,
  crypto: await loadCrypto(),
  host: "127.0.0.1",
  port: 0,
  retentionDays: 30,
  loopDelayMs: watchLoopDelay(systemClock),
  say: (line) => process.stderr.write(`${line}\n`),
  ...JSON.parse(process.argv[2] ?? "{}"),
});
const { url } = await server.start();
process.on("SIGTERM", () => void server.stop());
process.stdout.write(`${url}\n`);
