import { constants, setPriority } from "node:os";
import { platform } from "node:process";
import { type MessagePort, parentPort } from "node:worker_threads";
import { isErrno, openDatabase } from "@glowworm/platform";
import { loadCrypto } from "@glowworm/protocol";
import type { ClosingReply, ClosingRequest } from "./closing-messages.ts";
import { DamagedHourError } from "./damage.ts";
import { LocalCloser } from "./hour-closer.ts";
import type { ClosedHour } from "./hour-file.ts";

if (parentPort !== null) await serve(parentPort);

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
async function serve(port: MessagePort): Promise<void> {
  giveWay();
  const crypto = await loadCrypto();
  const closer = new LocalCloser({ crypto, openDatabase });
  const answer = async (request: ClosingRequest): Promise<ClosedHour | null> => {
    if (request.kind === "close") return await closer.close(request.job);
    await closer.discard(request.path);
    return null;
  };
  port.on("message", (request: ClosingRequest) => {
    answer(request).then(
      (closed) => port.postMessage({ closed } satisfies ClosingReply),
      (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        const isDamage = error instanceof DamagedHourError;
        port.postMessage({ message, isDamage } satisfies ClosingReply);
      },
    );
  });
}
