/**
 * Cuts a stream of text into lines. Invariant: holds at most `limit` characters; a longer line is dropped whole, up
 * to its end, and the next one is read again.
 */
export class LineSplitter {
  readonly #limit: number;
  #rest = "";
  #isSkipping = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The lines that a chunk completes, without their ends. */
  push(chunk: string): readonly string[] {
    const parts = chunk.split("\n");
    const tail = parts.pop() ?? "";
    const lines = parts.map((part) => this.#complete(part)).filter((line) => line !== null);
    this.#hold(tail);
    return lines;
  }

  #complete(part: string): string | null {
    this.#hold(part);
    const line = this.#isSkipping ? null : this.#rest.trimEnd();
    this.#rest = "";
    this.#isSkipping = false;
    return line;
  }

  #hold(part: string): void {
    if (this.#isSkipping) return;
    if (this.#rest.length + part.length > this.#limit) {
      this.#isSkipping = true;
      this.#rest = "";
    } else {
      this.#rest += part;
    }
  }
}
