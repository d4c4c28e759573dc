import type { ByteParts } from "./report-store.ts";

const PART_BYTES = 65_536;

/** Bytes that are there, as parts of 64 KiB. */
export function inParts(bytes: Uint8Array): ByteParts {
  return {
    length: bytes.length,
    async *parts() {
      for (let at = 0; at < bytes.length; at += PART_BYTES) yield bytes.slice(at, at + PART_BYTES);
    },
  };
}

/**
 * A stream that reads a part when it is asked for one: whoever does not read holds one part, and not all of it.
 * @param fail is told why a part cannot be had.
 */
export function streamOf(
  bytes: ByteParts,
  fail: (error: unknown) => Promise<never>,
): ReadableStream<Uint8Array> {
  const parts = bytes.parts()[Symbol.asyncIterator]();
  let left = bytes.length;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await parts.next().catch(fail);
        if (done !== true) controller.enqueue(value);
        left -= value?.length ?? 0;
        if (done !== true && left > 0) return;
        // With the last part, and not at the next call: whoever has all of it may be here again at once, and is counted first.
        controller.close();
        await parts.return?.();
      },
      async cancel() {
        await parts.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
