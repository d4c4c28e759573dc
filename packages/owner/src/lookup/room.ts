/** Lets work begin, in the order in which it comes, while all that is under way fits into so many bytes. */
export class Room {
  readonly #waiting: { readonly bytes: number; readonly begin: () => void }[] = [];
  #free: number;

  constructor(bytes: number) {
    this.#free = bytes;
  }

  /** Does work that takes `bytes`, never more than there are in all. */
  async hold<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((begin) => {
      this.#waiting.push({ bytes, begin });
      this.#admit();
    });
    try {
      return await work();
    } finally {
      this.#free += bytes;
      this.#admit();
    }
  }

  #admit(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined || next.bytes > this.#free) return;
      this.#waiting.shift();
      this.#free -= next.bytes;
      next.begin();
    }
  }
}
