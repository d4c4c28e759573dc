import { type MessagePort, parentPort } from "node:worker_threads";
import { systemRandom } from "@glowworm/platform";
import { DecodeError, evaluateBlinded } from "@glowworm/protocol";
import type { IssuingReply, IssuingRequest } from "./issuing-messages.ts";

if (parentPort !== null) serve(parentPort);

/** Answers requests until the thread is ended. */
function serve(port: MessagePort): void {
  port.on("message", (request: IssuingRequest) => port.postMessage(replyTo(request)));
}

function replyTo({ keys, blinded }: IssuingRequest): IssuingReply {
  try {
    return evaluateBlinded(systemRandom, keys, blinded);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
