import { type MessagePort, parentPort } from "node:worker_threads";
import { systemRandom } from "@glowworm/platform";
import { buildFilter } from "@glowworm/protocol";

if (parentPort !== null) serve(parentPort);

/** Answers ids with their filter until the thread is ended. */
function serve(port: MessagePort): void {
  port.on("message", (ids: Uint8Array) => {
    const filter = buildFilter(ids, systemRandom);
    port.postMessage(filter, [filter.buffer as ArrayBuffer]);
  });
}
