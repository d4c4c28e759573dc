import type { ByteBudget } from "./byte-budget.ts";

/** A block holds as much as all before it, between these: a body takes at most twice its length while it comes in. */
const BLOCK_BYTES_MIN = 2 ** 16;
const BLOCK_BYTES_MAX = 2 ** 22;

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** The body of an answer, or null when it has more bytes than the budget: then it gives back what it took. */
export async function readBody(
  response: Response,
  budget: ByteBudget,
  signal: AbortSignal,
): Promise<Uint8Array | null> {
  return await reading(response, signal, (reader) => readAll(reader, budget));
}

/** The first bytes of an answer, `limit` at most; the rest is left unread. @throws the signal's reason once that has aborted. */
export async function firstBytes(
  response: Response,
  limit: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  return await reading(response, signal, (reader) => readUpTo(reader, limit));
}

/** Races the abort as well: a body that never ends must not outlive its time, whatever `fetch` does with the signal. */
async function reading<T extends Uint8Array | null>(
  { body }: Response,
  signal: AbortSignal,
  read: (reader: Reader) => Promise<T>,
): Promise<T | Uint8Array> {
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  const onAbort = (): void => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", onAbort);
  try {
    return await read(reader);
  } finally {
    signal.removeEventListener("abort", onAbort);
    signal.throwIfAborted();
  }
}

async function readAll(reader: Reader, budget: ByteBudget): Promise<Uint8Array | null> {
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

async function readUpTo(reader: Reader, limit: number): Promise<Uint8Array> {
  const body = new Gathered();
  while (body.length < limit) {
    const { done, value } = await reader.read();
    if (done) return body.join();
    body.add(value.subarray(0, limit - body.length));
  }
  await reader.cancel();
  return body.join();
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
