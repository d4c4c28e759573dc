import { constants, setPriority } from "node:os";
import { platform } from "node:process";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { isErrno, messageOf, openForReading, stopThread } from "@glowworm/platform";
import { loadCrypto } from "@glowworm/protocol";
import { isDamage } from "../damage.ts";
import { LocalCloser } from "./closer.ts";
import type { Closed, ClosingReply, ClosingRequest, ClosingSettings } from "./closing-messages.ts";

if (parentPort !== null) await serve(parentPort, workerData as ClosingSettings);

/** On Linux a priority is the thread's alone: what closes an hour has time, and uploads have not. */
function giveWay(): void {
  try {
    if (platform === "linux") setPriority(constants.priority.PRIORITY_LOW);
  } catch (error) {
    // It is a courtesy, which a sandbox may forbid.
    if (!isErrno(error, "ERR_SYSTEM_ERROR")) throw error;
  }
}

/** Answers requests until the thread is ended. */
async function serve(port: MessagePort, { hasTime }: ClosingSettings): Promise<void> {
  if (hasTime) giveWay();
  const closer = new LocalCloser({ crypto: await loadCrypto(), openForReading, wait: stopThread });
  const answer = async (request: ClosingRequest): Promise<Closed> => {
    if (request.kind === "segments") return await closer.closeSegments(request.job);
    if (request.kind === "hour") return await closer.closeHour(request.job);
    await closer.discard(request.paths);
    return null;
  };
  port.on("message", (request: ClosingRequest) => {
    answer(request).then(
      (closed) => port.postMessage({ closed } satisfies ClosingReply),
      (error: unknown) => {
        const message = messageOf(error);
        port.postMessage({ message, isDamage: isDamage(error) } satisfies ClosingReply);
      },
    );
  });
}
