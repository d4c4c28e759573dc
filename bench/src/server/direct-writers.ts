import { randomFillSync } from "node:crypto";
import { ENVELOPE_BYTES, GET_ID_BYTES, PROTOCOL_VERSION } from "@glowworm/protocol";
import type { NewReport, ReportStore } from "@glowworm/server";

const REPORT_BYTES = GET_ID_BYTES + ENVELOPE_BYTES;

/** Batches of random reports, made before time is taken: making them is not the store's work. */
export function randomBatches(count: number, records: number): readonly (readonly NewReport[])[] {
  return Array.from({ length: count }, () => randomReports(records));
}

/** Random reports as views into one buffer, as an upload gives them. */
export function randomReports(count: number): readonly NewReport[] {
  const bytes = randomFillSync(new Uint8Array(count * REPORT_BYTES));
  return Array.from({ length: count }, (_, index) => {
    const at = index * REPORT_BYTES;
    bytes[at + GET_ID_BYTES] = PROTOCOL_VERSION;
    const envelope = bytes.subarray(at + GET_ID_BYTES, at + REPORT_BYTES);
    return { getId: bytes.subarray(at, at + GET_ID_BYTES), envelope };
  });
}

/**
 * Puts batches into a store, `writers` at a time, until they or the seconds are used up.
 * @returns reports stored a second.
 */
export async function writeDirectly(
  store: ReportStore,
  batches: readonly (readonly NewReport[])[],
  writers: number,
  seconds: number,
): Promise<number> {
  const began = performance.now();
  const until = began + seconds * 1000;
  let next = 0;
  let stored = 0;
  const writer = async (): Promise<void> => {
    for (;;) {
      const batch = batches[next++];
      if (batch === undefined || performance.now() >= until) return;
      await store.put(batch);
      stored += batch.length;
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
  return (1000 * stored) / (performance.now() - began);
}
