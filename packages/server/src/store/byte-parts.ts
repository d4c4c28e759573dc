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
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await parts.next().catch(fail);
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await parts.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
