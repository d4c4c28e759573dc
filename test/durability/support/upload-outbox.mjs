/**
 * A relay without a radio: brings what is in the outbox of a folder to a server, until it is empty or this process is
 * killed. Arguments: folder, address of the server. Its time runs twenty times as fast, so that it waits less.
 */
import { systemRandom } from "@glowworm/platform";
import { openOutbox, Uploader } from "@glowworm/relay";

const FASTER = 20;

const [folder, server] = process.argv.slice(2);
const clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now() * FASTER,
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms / FASTER);
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    }),
};
const { outbox } = openOutbox(folder, systemRandom);
const uploader = new Uploader({
  fetch,
  server: new URL(server),
  outbox,
  clock,
  random: systemRandom,
});
while (outbox.size > 0) {
  await uploader.step();
  await clock.sleep(200);
}
outbox.close();
