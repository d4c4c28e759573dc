import { randomFillSync } from "node:crypto";
import { ENVELOPE_BYTES, GET_ID_BYTES, PROTOCOL_VERSION } from "@glowworm/protocol";
import type { ReportStore } from "@glowworm/server";

const REPORT_BYTES = GET_ID_BYTES + ENVELOPE_BYTES;

/** Batches of random reports, made before time is taken: making them is not the store's work. */
export function randomBatches(count: number, records: number): readonly Uint8Array[] {
  return Array.from({ length: count }, () => randomReports(records));
}

/** Random reports back to back, as an upload gives them. */
export function randomReports(count: number): Uint8Array {
  const bytes = randomFillSync(new Uint8Array(count * REPORT_BYTES));
  for (let at = GET_ID_BYTES; at < bytes.length; at += REPORT_BYTES) bytes[at] = PROTOCOL_VERSION;
  return bytes;
}

/**
 * Puts batches into a store, `writers` at a time, until they or the seconds are used up.
 * @returns reports stored a second.
 */
export async function writeDirectly(
  store: ReportStore,
  batches: readonly Uint8Array[],
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
      stored += batch.length / REPORT_BYTES;
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
  return (1000 * stored) / (performance.now() - began);
}
