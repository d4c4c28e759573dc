import type { ByteBudget } from "./byte-budget.ts";

/** A block holds as much as all before it, between these: a body takes at most twice its length while it comes in. */
const BLOCK_BYTES_MIN = 2 ** 16;
const BLOCK_BYTES_MAX = 2 ** 22;

/**
 * The body of an answer, or null when it has more bytes than the budget: then it gives back what it took. Races the abort as
 * well: a body that never ends must not outlive its time, whatever `fetch` does with the signal.
 */
export async function readBody(
  response: Response,
  budget: ByteBudget,
  signal: AbortSignal,
): Promise<Uint8Array | null> {
  const reader = response.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const onAbort = (): void => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", onAbort);
  try {
    return await readAll(reader, budget);
  } finally {
    signal.removeEventListener("abort", onAbort);
    signal.throwIfAborted();
  }
}

async function readAll(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  budget: ByteBudget,
): Promise<Uint8Array | null> {
  const body = new Gathered();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return body.join();
    if (!budget.take(value.length)) {
      budget.giveBack(body.length);
      await reader.cancel();
      return null;
    }
    body.add(value);
  }
}

/** Bytes that come in chunks. They are copied: a server that sends one byte at a time would fill memory with chunks. */
class Gathered {
  readonly #full: Uint8Array[] = [];
  #last = new Uint8Array(BLOCK_BYTES_MIN);
  #used = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#used === this.#last.length) this.#addBlock();
      const part = chunk.subarray(at, at + this.#last.length - this.#used);
      this.#last.set(part, this.#used);
      this.#used += part.length;
      this.#length += part.length;
      at += part.length;
    }
  }

  join(): Uint8Array {
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const block of this.#full) {
      whole.set(block, at);
      at += block.length;
    }
    whole.set(this.#last.subarray(0, this.#used), at);
    return whole;
  }

  #addBlock(): void {
    this.#full.push(this.#last);
    this.#last = new Uint8Array(Math.min(this.#length, BLOCK_BYTES_MAX));
    this.#used = 0;
  }
}
