import { setTimeout as sleep } from "node:timers/promises";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { Failure, freeBytesOf, openDatabase, stopThread } from "@glowworm/platform";
import { HOUR_RECORDS_MAX, loadCrypto } from "@glowworm/protocol";
import { StoreBusyError, StoreFullError } from "../report-store.ts";
import { ThreadedCloser } from "./closing/threaded-closer.ts";
import type { WriterError, WriterMessage, WriterRequest, WriterSettings } from "./messages.ts";
import { Writer } from "./writer.ts";

/** For what may wait, between two pieces of some milliseconds: commits have most of the disk meanwhile. */
const PAUSE_MS = 20;

if (parentPort !== null) await serve(parentPort, workerData as WriterSettings);

/** Answers requests until the port is closed. */
async function serve(port: MessagePort, settings: WriterSettings): Promise<void> {
  const crypto = await loadCrypto();
  const writer = new Writer({
    ...settings,
    ...{ crypto, openDatabase, freeBytes: freeBytesOf },
    closer: new ThreadedCloser(),
    pause: () => sleep(PAUSE_MS),
    wait: stopThread,
    hourRecordsMax: HOUR_RECORDS_MAX,
  });
  const answer = async (id: number, request: WriterRequest): Promise<WriterMessage> => {
    try {
      return { id, reply: await writer.ask(request) };
    } catch (error) {
      return { id, error: describe(error) };
    }
  };
  port.on("message", ({ id, request }: { id: number; request: WriterRequest }) => {
    answer(id, request).then(
      (message) => {
        port.postMessage(message);
        if (request.kind === "close") port.close();
      },
      (error: unknown) => {
        throw error;
      },
    );
  });
}

function describe(error: unknown): WriterError {
  const isFull = error instanceof StoreFullError;
  const busy = error instanceof StoreBusyError ? { retrySeconds: error.retrySeconds } : null;
  if (!(error instanceof Error)) return { message: String(error), failure: null, isFull, busy };
  const failure = error instanceof Failure ? { exit: error.exit, remedy: error.remedy } : null;
  return { message: error.message, failure, isFull, busy };
}
