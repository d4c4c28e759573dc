/** Bytes of each chunk. */
export const CHUNK: number = 2 ** 18;

/** Sends bodies, and counts what of them somebody may still hold. */
export class Hose {
  given = 0;
  peak = 0;
  #held = 0;

  /** Chunks until there were `length` bytes, then what `end` does. */
  body(length: number, end: (controller: ReadableStreamDefaultController) => void): Response {
    let own = 0;
    const pull = (controller: ReadableStreamDefaultController): void => {
      if (own >= length) {
        end(controller);
        return;
      }
      controller.enqueue(new Uint8Array(CHUNK));
      own += CHUNK;
      this.given += CHUNK;
      this.#held += CHUNK;
      this.peak = Math.max(this.peak, this.#held);
    };
    const cancel = (): void => {
      this.#held -= own;
    };
    return new Response(new ReadableStream({ pull, cancel }, { highWaterMark: 0 }));
  }
}
